-- Find stopped workers that still hold running jobs in the window.
SELECT DISTINCT j.worker_id
  FROM jobs_bundle AS b
  CROSS JOIN LATERAL (SELECT worker_id, state FROM jobs_job WHERE id = ANY (b.ids)) AS j
  JOIN jobs_worker AS w ON w.id = j.worker_id
 WHERE j.state = 3 AND w.stopped_at IS NOT NULL
