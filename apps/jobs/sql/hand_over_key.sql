UPDATE jobs_unique_key SET job_id = %(id)s WHERE key = %(key)s
