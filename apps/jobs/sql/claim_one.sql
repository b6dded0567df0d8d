-- What claim.sql does, for a message of one job: planned once a session, since it finds both rows by their keys.
UPDATE jobs_job
   SET state = 3, lease = %(lease)s, worker_id = %(worker_id)s::bigint, worker_pid = %(pid)s::int,
       attempt = attempt + 1, started_at = clock_timestamp()
 WHERE id = %(id)s AND state IN (1, 2)
   AND (expires_at IS NULL OR expires_at > clock_timestamp())
   AND EXISTS (SELECT FROM jobs_bundle WHERE id = %(bundle)s FOR KEY SHARE)
   AND {asynchronous_commit}
RETURNING id, kind, attempt, max_attempts, failures, args, schema_version, options, limit_key <> ''
