-- Take the lock that says a worker's session lives; it goes with the session. A pooler shows another server process
-- than the client was told of: then the session belongs to the pool, and nothing is locked.
SELECT CASE WHEN pg_backend_pid() = %(session)s THEN pg_try_advisory_lock(x'776f726b'::int, %(id)s) ELSE false END
