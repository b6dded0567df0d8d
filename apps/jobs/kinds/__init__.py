"""Kinds: what a job type declares, what its arguments have to be, and how many may run."""
