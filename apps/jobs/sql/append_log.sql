-- Write down log lines of one attempt; a crash may lose the last of them.
INSERT INTO jobs_log_line (job_id, attempt, at, level, message)
SELECT %(job_id)s, %(attempt)s, line.at, line.level, line.message
  FROM unnest(%(at)s::timestamptz[], %(level)s::text[], %(message)s::text[]) WITH ORDINALITY
       AS line (at, level, message, place)
 WHERE (SELECT set_config('synchronous_commit', 'off', true)) IS NOT NULL
 ORDER BY line.place
