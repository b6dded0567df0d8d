-- Declare workers dead whose heartbeat stopped; at once those whose lock went with their session and who did not take
-- it again by their next heartbeat. A database that was away cannot tell: it waits one patience after its start (one
-- in the future: the clock was set back), and for locks the silence after our own session was lost.
-- Not by the clock of its end: while the statement itself stands still, heartbeats may stand still as well.
UPDATE jobs_worker SET stopped_at = clock_timestamp()
 WHERE stopped_at IS NULL
   AND pg_postmaster_start_time()
       NOT BETWEEN statement_timestamp() - %(patience)s * interval '1 second' AND statement_timestamp()
   AND (heartbeat_at < statement_timestamp() - %(patience)s * interval '1 second'
        OR has_lock AND heartbeat_at < statement_timestamp() - %(silence)s * interval '1 second'
           AND (SELECT backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid())
               NOT BETWEEN statement_timestamp() - %(silence)s * interval '1 second' AND statement_timestamp()
           AND NOT EXISTS (SELECT FROM pg_locks
                            WHERE locktype = 'advisory' AND classid = x'776f726b'::int::oid
                              AND objid = jobs_worker.id::oid AND objsubid = 2
                              AND database = (SELECT oid FROM pg_database WHERE datname = current_database())))
RETURNING id
