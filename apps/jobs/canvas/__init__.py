"""Celery's canvas over the ledger, and plain messages that become jobs."""
