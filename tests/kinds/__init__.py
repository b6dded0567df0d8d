"""Job types that only tests use; processes started by tests load them through BACKLINE_JOB_MODULES."""
