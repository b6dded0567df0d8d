"""Job types of the next release: the producer and one worker have it, the other worker does not."""
