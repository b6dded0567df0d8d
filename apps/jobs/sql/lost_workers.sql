-- Find stopped workers that still hold running jobs in the window.
-- A worker without a row (deleted, or absent from a restored backup) gets a placeholder: alive, it registers again within
-- a heartbeat; dead, its placeholder is declared dead like any silent worker, and its jobs are rescued.
WITH running AS MATERIALIZED (
    SELECT DISTINCT j.worker_id
      FROM jobs_bundle AS b
      CROSS JOIN LATERAL (SELECT worker_id, state FROM jobs_job WHERE id = ANY (b.ids)) AS j
     WHERE j.state = 3 AND j.worker_id IS NOT NULL
), placeholder AS (
    INSERT INTO jobs_worker (id, name, hostname, pid, queues, concurrency, started_at, heartbeat_at)
    SELECT worker_id, 'unknown', '', 0, '{}', 0, clock_timestamp(), clock_timestamp() FROM running
     WHERE NOT EXISTS (SELECT FROM jobs_worker AS w WHERE w.id = running.worker_id)
    ON CONFLICT DO NOTHING
)
SELECT worker_id FROM running JOIN jobs_worker AS w ON w.id = running.worker_id WHERE w.stopped_at IS NOT NULL
