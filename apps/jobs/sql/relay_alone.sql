-- Be the only one who relays until this transaction ends: what limits count is exact then. False: another does.
SELECT pg_try_advisory_xact_lock(%(lock)s)
