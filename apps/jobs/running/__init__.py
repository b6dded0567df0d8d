"""Running: from a claim to the outcome that is written down, and what a body may ask for meanwhile."""
