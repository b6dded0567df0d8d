-- Write down log lines of jobs; a crash may lose the last of them.
INSERT INTO jobs_log_line (job_id, attempt, at, level, message)
SELECT line.job_id, line.attempt, line.at, line.level, line.message
  FROM unnest(%(job_id)s::uuid[], %(attempt)s::int[], %(at)s::timestamptz[], %(level)s::text[], %(message)s::text[])
       WITH ORDINALITY AS line (job_id, attempt, at, level, message, place)
 WHERE {asynchronous_commit}
 ORDER BY line.place
