-- Say when a tenant's bucket will hold so many, by what it holds now: another may just have taken from it.
SELECT max(refilled_at + make_interval(secs => (%(jobs)s - tokens) * %(seconds)s::float8 / %(burst)s))
  FROM jobs_bucket WHERE key = %(key)s
