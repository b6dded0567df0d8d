-- Declare workers dead whose heartbeat stopped. A database that was itself away cannot tell: it waits one
-- patience after its start, so that its restart does not look like the death of all workers.
UPDATE jobs_worker SET stopped_at = clock_timestamp()
 WHERE stopped_at IS NULL AND heartbeat_at < clock_timestamp() - %(patience)s * interval '1 second'
   AND pg_postmaster_start_time() < clock_timestamp() - %(patience)s * interval '1 second'
RETURNING id
