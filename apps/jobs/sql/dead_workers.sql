-- Declare workers dead whose heartbeat stopped; at once those whose lock went with their session and who did not take
-- it again by their next heartbeat. A database that was itself away cannot tell: it waits one patience after its
-- start, and for locks as long as a worker may be silent after our own session was lost, so that neither its restart
-- nor a crash of one of its processes looks like the death of all workers. A start in the future was long ago: since
-- then the clock was set back.
UPDATE jobs_worker SET stopped_at = clock_timestamp()
 WHERE stopped_at IS NULL
   AND pg_postmaster_start_time()
       NOT BETWEEN clock_timestamp() - %(patience)s * interval '1 second' AND clock_timestamp()
   AND (heartbeat_at < clock_timestamp() - %(patience)s * interval '1 second'
        OR has_lock AND heartbeat_at < clock_timestamp() - %(silence)s * interval '1 second'
           AND (SELECT backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid())
               NOT BETWEEN clock_timestamp() - %(silence)s * interval '1 second' AND clock_timestamp()
           AND NOT EXISTS (SELECT FROM pg_locks
                            WHERE locktype = 'advisory' AND classid = x'776f726b'::int::oid
                              AND objid = jobs_worker.id::oid AND objsubid = 2
                              AND database = (SELECT oid FROM pg_database WHERE datname = current_database())))
RETURNING id
