"""Job types that only the chaos harness runs; each tells the sink when it begins and what it did."""
