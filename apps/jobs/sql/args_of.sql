-- Return the arguments of jobs, which Flower shows.
SELECT id, args FROM jobs_job WHERE id = ANY (%(ids)s::uuid[])
