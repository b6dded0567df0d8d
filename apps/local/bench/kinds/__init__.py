"""Job types that exist to be measured; only the bench's own processes load them."""
