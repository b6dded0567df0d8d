-- Of the jobs that a worker's processes are in the middle of: which somebody asked to stop.
SELECT id, lease FROM jobs_job
 WHERE id = ANY (%(ids)s::uuid[]) AND state = 3 AND cancel_requested_at IS NOT NULL
