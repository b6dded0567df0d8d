"""Job types of a project that reports its errors to Sentry."""
