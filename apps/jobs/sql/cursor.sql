-- Read where a job goes on: what its last checkpoint saved.
SELECT cursor FROM jobs_progress WHERE job_id = %(id)s
