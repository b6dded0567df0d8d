-- Hold the leader's lock, or take it if nobody does. It goes with the session, so a dead leader frees it.
SELECT EXISTS (SELECT FROM pg_locks
                WHERE locktype = 'advisory' AND classid = 0 AND objid = %(lock)s AND pid = pg_backend_pid() AND granted)
       OR pg_try_advisory_lock(%(lock)s)
