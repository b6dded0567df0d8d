-- Wait for the merge that runs now to commit; those that come later get greater ids. Two readers may wait at once.
SELECT pg_advisory_xact_lock_shared(x'73686f706c696e65'::bigint)
