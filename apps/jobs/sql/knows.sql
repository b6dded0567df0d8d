-- Say whether the ledger has a job.
SELECT 1 FROM jobs_job WHERE id = %(id)s
