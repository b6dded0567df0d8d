"""Enqueuing: from a call to a row in the ledger."""
