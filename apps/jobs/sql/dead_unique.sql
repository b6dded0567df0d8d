-- Of jobs that are to be replayed, lock those of unique kinds whose letter is open, and read what their keys are made
-- of. In the order of the ids, as replay.sql does: what is found here is replayed there.
SELECT j.id, j.kind, j.args, j.schema_version
  FROM jobs_job AS j JOIN jobs_dead_letter AS d ON d.job_id = j.id
 WHERE j.id = ANY (%(ids)s::uuid[]) AND j.kind = ANY (%(kinds)s::text[]) AND j.state = 7 AND d.decision = ''
 ORDER BY j.id FOR UPDATE
