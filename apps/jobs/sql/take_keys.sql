-- Give jobs their keys; those that come back were free. A key is taken over from a job that left the states in which
-- it holds, or whose time is over. A job that this statement cannot see was made by a transaction that committed while
-- this one waited for the key: it holds. In the order of the keys, so that two of these cannot wait for one another.
INSERT INTO jobs_unique_key AS held (key, job_id, until)
SELECT key, job_id, clock_timestamp() + make_interval(secs => %(within)s::float8)
  FROM unnest(%(keys)s::bytea[], %(ids)s::uuid[]) AS wanted (key, job_id)
 ORDER BY key
ON CONFLICT (key) DO UPDATE SET job_id = excluded.job_id, until = excluded.until
  WHERE held.until <= clock_timestamp()
     OR EXISTS (SELECT FROM jobs_job AS j WHERE j.id = held.job_id AND j.state <> ALL (%(states)s::smallint[]))
RETURNING key
