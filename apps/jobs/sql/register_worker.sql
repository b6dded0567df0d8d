-- Insert a worker's row, or fill in the placeholder that lost_workers.sql made for its id while it was missing.
-- No row returned: another worker has this id.
INSERT INTO jobs_worker (id, name, hostname, pid, queues, concurrency, started_at, heartbeat_at, version, kinds, reads)
VALUES (%(id)s, %(name)s, %(hostname)s, %(pid)s, %(queues)s, %(concurrency)s,
        clock_timestamp() - %(age_s)s * interval '1 second', clock_timestamp(), %(version)s, %(kinds)s, %(reads)s)
ON CONFLICT (id) DO UPDATE
   SET name = excluded.name, hostname = excluded.hostname, pid = excluded.pid, queues = excluded.queues,
       concurrency = excluded.concurrency, started_at = excluded.started_at, heartbeat_at = excluded.heartbeat_at,
       stopped_at = NULL, version = excluded.version, kinds = excluded.kinds, reads = excluded.reads
 WHERE jobs_worker.pid = 0
RETURNING id
