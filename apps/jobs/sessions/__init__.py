"""Database sessions of a worker: job bodies may change them, ledger statements must not depend on that.

`statement` classifies a statement by its text, `watch` notes which sessions were changed and drops them after
the attempt, `apart` runs a ledger statement beside a changed session, or with its settings put aside.
"""
