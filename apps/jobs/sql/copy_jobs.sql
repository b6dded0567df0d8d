COPY jobs_job (id, args, state, lane, limit_key,
               enqueued_at, rank, owner_id, priority, max_attempts, kind, queue, trigger, subject,
               tenant, tags, request_id, parent_id, schema_version, expires_at, options,
               run_after, attempt, failures, deaths, fingerprint)
FROM STDIN
