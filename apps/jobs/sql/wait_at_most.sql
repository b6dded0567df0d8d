-- Give up waiting for a lock after this long, until the end of the transaction; answer how long it was before.
SELECT current_setting('lock_timeout'), set_config('lock_timeout', %(patience)s, true)
