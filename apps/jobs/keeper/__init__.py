"""The keeper: who leads, and the duties that keep the ledger moving."""
