-- What each worker runs now, by kind, by way of the window.
SELECT worker_id, kind, count(*) FROM jobs_job
 WHERE id = ANY (ARRAY(SELECT unnest(ids) FROM jobs_bundle)) AND state = 3 AND worker_id IS NOT NULL
 GROUP BY worker_id, kind ORDER BY worker_id, kind
