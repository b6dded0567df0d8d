-- Hold the leader's lock, or take it if nobody does. It goes with the session, so a dead leader frees it.
-- And have this session plan by the indexes: it keeps the plans of what it asks again and again, and one that reads the
-- whole line, made while that was empty, would stay when a million have come.
SELECT (EXISTS (SELECT FROM pg_locks
                 WHERE locktype = 'advisory' AND classid = 0 AND objid = %(lock)s AND pid = pg_backend_pid() AND granted)
        OR pg_try_advisory_lock(%(lock)s)),
       set_config('enable_seqscan', 'off', false), set_config('enable_bitmapscan', 'off', false)
