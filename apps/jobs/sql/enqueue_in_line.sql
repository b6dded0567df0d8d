-- Insert jobs of any kinds in the caller's transaction. They sleep, or the trigger on jobs_job puts them in line.
INSERT INTO jobs_job (id, enqueued_at, rank, owner_id, priority, max_attempts, kind, queue, trigger, subject, args,
                      tenant, lane, limit_key, tags, request_id, parent_id, schema_version, expires_at, options,
                      run_after, state, attempt, failures, deaths, fingerprint)
SELECT id, now, now + priority * interval '10 minutes', owner_id, priority, max_attempts, kind, queue, trigger, subject,
       args, tenant, lane, limit_key, tags, request_id, parent_id, schema_version,
       COALESCE(expires_at, now + make_interval(secs => expires)), options,
       CASE WHEN due > now THEN due END, CASE WHEN due > now THEN 0 ELSE 1 END, 0, 0, 0, ''
  FROM (SELECT clock_timestamp() AS now) AS moment
 CROSS JOIN jsonb_to_recordset(%(jobs)s::jsonb)
         AS new (id uuid, owner_id bigint, priority int, max_attempts int, kind text, queue text, trigger text,
                 subject text, args jsonb, tenant text, lane text, limit_key text, tags text[], request_id text,
                 parent_id uuid, schema_version int, expires_at timestamptz, expires float8, options jsonb,
                 eta timestamptz, delay float8)
 CROSS JOIN LATERAL (SELECT COALESCE(eta, now + make_interval(secs => delay)) AS due) AS sleep
