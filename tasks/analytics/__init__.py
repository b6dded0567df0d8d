"""Job types that sum up what happened."""
