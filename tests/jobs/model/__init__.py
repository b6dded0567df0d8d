"""What the models of the ledger share: what may be done, what the database saw, and what must hold."""
