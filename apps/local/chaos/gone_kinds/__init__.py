"""Job types that the producer still enqueues and no worker knows any more."""
