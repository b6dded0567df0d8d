-- Which jobs hold these keys.
SELECT key, job_id FROM jobs_unique_key WHERE key = ANY (%(keys)s::bytea[])
