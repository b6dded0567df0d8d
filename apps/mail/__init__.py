"""Letters to people who asked for them: who did, what an issue says, and how each gets it once."""
