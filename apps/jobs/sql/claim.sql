-- Compare and swap: no row means the message is stale. So is every message whose bundle is gone: what it named ended
-- or stands in line again. The bundle's row is held meanwhile, so that a recall sees either no claim or all of it.
-- Lost by a crash of the database, a claim costs one more run.
UPDATE jobs_job
   SET state = 3, lease = %(lease)s, worker_id = %(worker_id)s, worker_pid = %(pid)s,
       attempt = attempt + 1, started_at = clock_timestamp()
 WHERE id = ANY (%(ids)s::uuid[]) AND state IN (1, 2)
   AND (expires_at IS NULL OR expires_at > clock_timestamp())
   AND EXISTS (SELECT FROM jobs_bundle WHERE id = %(bundle)s FOR KEY SHARE)
   AND {asynchronous_commit}
RETURNING id, kind, attempt, max_attempts, failures, args, schema_version, options, limit_key <> ''
