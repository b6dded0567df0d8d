-- Insert one job in the caller's transaction. When its kind is plain (no limit, nothing paused), nobody stands in line
-- and the broker holds only a few messages for each slot of the live workers, it is handed to the broker at once
-- (queued, with its bundle); else the trigger on jobs_job puts it in line, where the relay packs it with others: behind
-- that many messages it would wait longer than for the relay. Planned once a session.
WITH line AS MATERIALIZED (
    SELECT moment.now,
           COALESCE(%(eta)s::timestamptz, moment.now + make_interval(secs => %(delay)s::float8)) AS run_after,
           COALESCE(%(expires_at)s::timestamptz, moment.now + make_interval(secs => %(expires)s::float8)) AS expires_at,
           %(limit_key)s::text = ''
           AND NOT job_line_stands(%(queue)s::text,
                                (SELECT m FROM jobs_line_mark AS m WHERE m.queue = %(queue)s::text))
           AND NOT EXISTS (
               SELECT FROM jobs_pause
                WHERE (scope = 'queue' AND name = %(queue)s::text OR scope = 'kind' AND name = ANY (%(names)s::text[]))
                  AND (until IS NULL OR until > moment.now))
           AND CASE WHEN (SELECT count(*) FROM (SELECT FROM jobs_bundle WHERE queue = %(queue)s::text
                                                 LIMIT %(window)s::int) AS few) < %(window)s::int THEN true
                    ELSE (SELECT count(*) FROM jobs_bundle WHERE queue = %(queue)s::text)
                         < (SELECT %(per_slot)s::int * COALESCE(sum(concurrency), 0) FROM jobs_worker
                             WHERE stopped_at IS NULL AND %(queue)s::text = ANY (queues)) END AS has_room
      FROM (SELECT clock_timestamp() AS now) AS moment
), made AS (
    INSERT INTO jobs_job (id, enqueued_at, rank, owner_id, priority, max_attempts, kind, queue, trigger, subject, args,
                          tenant, lane, limit_key, tags, request_id, parent_id, schema_version, expires_at, options,
                          run_after, state, attempt, failures, deaths, fingerprint)
    SELECT %(id)s::uuid, now, now + %(priority)s::int * interval '10 minutes', %(owner_id)s::bigint, %(priority)s::int,
           %(max_attempts)s::int, %(kind)s::text, %(queue)s::text, %(trigger)s::text, %(subject)s::text, %(args)s::jsonb,
           %(tenant)s::text, %(lane)s::text, %(limit_key)s::text, %(tags)s::text[], %(request_id)s::text,
           %(parent_id)s::uuid, %(schema_version)s::int, expires_at, %(options)s::jsonb,
           CASE WHEN run_after > now THEN run_after END,
           CASE WHEN run_after > now THEN 0 WHEN has_room THEN 2 ELSE 1 END, 0, 0, 0, ''
      FROM line
        ON CONFLICT (id) DO NOTHING
    RETURNING id, queue, kind, state
), sent AS (
    INSERT INTO jobs_bundle (id, queue, kind, published_at, tries, ids)
    SELECT %(bundle)s::uuid, queue, kind, clock_timestamp(), 1, ARRAY[id] FROM made WHERE state = 2
)
SELECT state FROM made
