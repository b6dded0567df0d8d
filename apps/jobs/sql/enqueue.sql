-- Insert one job in the caller's transaction. When its kind is plain (no limit, nothing paused), nobody stands in line
-- and the broker's window has room, it is handed to the broker at once (queued, with its bundle); else the trigger on
-- jobs_job puts it in line.
WITH line AS MATERIALIZED (
    SELECT moment.now,
           COALESCE(%(eta)s::timestamptz, moment.now + make_interval(secs => %(delay)s::float8)) AS run_after,
           COALESCE(%(expires_at)s::timestamptz, moment.now + make_interval(secs => %(expires)s::float8)) AS expires_at,
           %(limit_key)s = ''
           AND (SELECT id FROM jobs_ready WHERE queue = %(queue)s ORDER BY queue, lane, rank, id LIMIT 1) IS NULL
           AND NOT EXISTS (
               SELECT FROM jobs_pause
                WHERE (scope, name) IN (('queue', %(queue)s), ('kind', %(kind)s))
                  AND (until IS NULL OR until > moment.now))
           AND (SELECT count(*) FROM (SELECT FROM jobs_bundle WHERE queue = %(queue)s LIMIT %(window)s) AS taken)
               < %(window)s AS has_room
      FROM (SELECT clock_timestamp() AS now) AS moment
), made AS (
    INSERT INTO jobs_job (id, enqueued_at, rank, owner_id, priority, max_attempts, kind, queue, trigger, subject, args,
                          tenant, lane, limit_key, tags, request_id, parent_id, schema_version, expires_at, options,
                          run_after, state, attempt, failures, deaths, fingerprint)
    SELECT %(id)s, now, now + %(priority)s * interval '10 minutes', %(owner_id)s, %(priority)s, %(max_attempts)s,
           %(kind)s, %(queue)s, %(trigger)s, %(subject)s, %(args)s,
           %(tenant)s, %(lane)s, %(limit_key)s, %(tags)s::text[], %(request_id)s, %(parent_id)s, %(schema_version)s,
           expires_at, %(options)s,
           CASE WHEN run_after > now THEN run_after END,
           CASE WHEN run_after > now THEN 0 WHEN has_room THEN 2 ELSE 1 END, 0, 0, 0, ''
      FROM line
    RETURNING id, queue, kind, state
), sent AS (
    INSERT INTO jobs_bundle (id, queue, kind, published_at, tries, ids)
    SELECT %(bundle)s, queue, kind, clock_timestamp(), 1, ARRAY[id] FROM made WHERE state = 2
)
SELECT state FROM made
