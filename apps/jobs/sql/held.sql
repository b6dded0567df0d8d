-- Read what a worker's process that is gone had claimed, for the one outcome that is written in its name.
-- No row: it ended, somebody else has it, or the dead process's session still commits.
SELECT id, kind, attempt, max_attempts, failures, args, schema_version, options, limit_key <> '',
       (SELECT b.id FROM jobs_bundle AS b WHERE b.ids = ARRAY[j.id] LIMIT 1)
  FROM jobs_job AS j
 WHERE id = %(id)s AND lease = %(lease)s AND state = 3
   FOR UPDATE SKIP LOCKED
