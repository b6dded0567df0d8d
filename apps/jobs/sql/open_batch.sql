-- Let a job wait until its children have ended.
INSERT INTO jobs_batch (job_id) VALUES (%(id)s)
