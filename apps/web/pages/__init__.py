"""One page group per file."""
