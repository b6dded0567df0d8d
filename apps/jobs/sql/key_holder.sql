SELECT job_id FROM jobs_unique_key WHERE key = %(key)s
