"""Job types that keep the shop's own tables up to date."""
