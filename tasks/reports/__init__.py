"""Job types that write reports for people."""
