-- Before many jobs of one kind are copied in: how many messages the broker's window has room for (none unless the kind
-- is plain and nobody stands in line), how many jobs a message holds at most (about 250 ms of work, by what was
-- measured; one of a kind that nobody measured) and from how many on it is not worth splitting (20 ms), whether they
-- sleep, and what all rows have in common, in the order of copy_jobs.
SELECT CASE WHEN NOT job_line_stands(%(queue)s, (SELECT m FROM jobs_line_mark AS m WHERE m.queue = %(queue)s))
             AND NOT EXISTS (
                 SELECT FROM jobs_pause
                  WHERE (scope = 'queue' AND name = %(queue)s OR scope = 'kind' AND name = ANY (%(names)s::text[]))
                    AND (until IS NULL OR until > moment.now))
            THEN %(window)s - (SELECT count(*) FROM (SELECT FROM jobs_bundle WHERE queue = %(queue)s
                                                      LIMIT %(window)s) AS taken)
            ELSE 0 END,
       greatest(1, floor(0.25 / greatest(COALESCE(mean_s, 1), 1e-6)))::int,
       greatest(1, floor(0.02 / greatest(COALESCE(mean_s, 1), 1e-6)))::int,
       run_after > now,
       ARRAY[now::text, (now + %(priority)s * interval '10 minutes')::text, %(owner_id)s::text, %(priority)s::text,
             %(max_attempts)s::text, %(kind)s::text, %(queue)s::text, %(trigger)s::text, %(subject)s::text,
             %(tenant)s::text, %(tags)s::text[]::text, %(request_id)s::text, %(parent_id)s::text,
             %(schema_version)s::text,
             COALESCE(%(expires_at)s::timestamptz, now + make_interval(secs => %(expires)s::float8))::text,
             %(options)s::text, CASE WHEN run_after > now THEN run_after::text END, '0', '0', '0', '']
  FROM (SELECT now, COALESCE(%(eta)s::timestamptz, now + make_interval(secs => %(delay)s::float8)) AS run_after
          FROM (SELECT clock_timestamp() AS now) AS clock) AS moment
  LEFT JOIN jobs_pace ON jobs_pace.kind = %(kind)s
