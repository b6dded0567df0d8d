"""Job types that bring data in."""
