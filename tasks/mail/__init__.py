"""Job types that send letters."""
