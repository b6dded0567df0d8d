-- Return what an id's job was called with: a call that comes a second time makes no second job.
SELECT kind, args FROM jobs_job WHERE id = %(id)s
