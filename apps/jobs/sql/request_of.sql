-- Read the request of a job that ended, for the job that calls its errback.
SELECT kind, args, failures, options FROM jobs_job WHERE id = %(id)s
