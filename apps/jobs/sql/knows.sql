-- Of these ids, return those of jobs that the ledger has.
SELECT id FROM jobs_job WHERE id = ANY (%(ids)s::uuid[])
