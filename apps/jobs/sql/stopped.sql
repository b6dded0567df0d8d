-- Of the jobs that a bundle still has before it: which may not start any more, since a person asked or a rescue took them.
SELECT id FROM jobs_job
 WHERE id = ANY (%(ids)s::uuid[]) AND (cancel_requested_at IS NOT NULL OR lease IS DISTINCT FROM %(lease)s)
