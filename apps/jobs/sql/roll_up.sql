-- Count what was enqueued and what ended in one minute, anew: its numbers are replaced. Which minute is the next stands
-- in a row that this moves on, so two of these count one after the other and nothing is left out when one is cut off.
-- The current minute and the two before it come again and again, since an outcome may be committed late; when the oldest
-- transaction ended that wrote jobs beside the counting, all minutes since it began, of the last hour. By the database's
-- clock; after somebody set it back, the current minute is the next. Names are cut: two long ones do not fit an index,
-- and one such job must not end all counting.
WITH held AS MATERIALIZED (
    SELECT next_at, open_since FROM jobs_rolled_up FOR UPDATE
), oldest AS MATERIALIZED (
    SELECT %(oldest)s::timestamptz AS now, least((SELECT open_since FROM held), %(oldest)s) AS seen
), this AS MATERIALIZED (
    SELECT date_bin('1 minute', statement_timestamp(), 'epoch') AS minute
), next AS MATERIALIZED (
    SELECT minute, least(minute, greatest(minute - make_interval(days => %(days)s),
                   COALESCE((SELECT next_at FROM held), minute - interval '1 hour'))) AS at
      FROM this
), turn AS MATERIALIZED (
    SELECT minute, at, at + interval '1 minute' AS before,
           (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid AS first_id,
           (lpad(to_hex((extract(epoch FROM at) * 1000 + 60000)::bigint), 12, '0') || repeat('0', 20))::uuid AS id_before
      FROM next
), moved AS (
    INSERT INTO jobs_rolled_up (id, next_at, open_since)
    SELECT 1, CASE WHEN at < minute THEN before
                   WHEN seen IS NOT NULL AND now IS DISTINCT FROM seen
                   THEN least(minute - interval '2 minutes',
                              greatest(date_bin('1 minute', seen, 'epoch'), minute - interval '1 hour'))
                   ELSE minute - interval '2 minutes' END,
           CASE WHEN at < minute THEN seen ELSE now END
      FROM turn CROSS JOIN oldest
    ON CONFLICT (id) DO UPDATE SET next_at = excluded.next_at, open_since = excluded.open_since
), part AS (
    SELECT kind, queue, state, attempt = 1 AS is_first, 0 AS failed,
           count(*) FILTER (WHERE id >= (SELECT first_id FROM turn) AND id < (SELECT id_before FROM turn)) AS enqueued,
           count(*) FILTER (WHERE finished_at >= (SELECT at FROM turn) AND finished_at < (SELECT before FROM turn)) AS ended,
           sum(started_at - enqueued_at)
               FILTER (WHERE finished_at >= (SELECT at FROM turn) AND finished_at < (SELECT before FROM turn)) AS waited,
           sum(finished_at - started_at)
               FILTER (WHERE finished_at >= (SELECT at FROM turn) AND finished_at < (SELECT before FROM turn)) AS ran,
           max(finished_at - started_at)
               FILTER (WHERE finished_at >= (SELECT at FROM turn) AND finished_at < (SELECT before FROM turn)) AS slowest
      FROM jobs_job
     WHERE id >= (SELECT first_id FROM turn) AND id < (SELECT id_before FROM turn)
        OR finished_at >= (SELECT at FROM turn) AND finished_at < (SELECT before FROM turn)
     GROUP BY kind, queue, state, attempt = 1
    UNION ALL
    SELECT job.kind, job.queue, 0, false, count(*), 0, 0, NULL, NULL, NULL
      FROM jobs_attempt AS a
     CROSS JOIN LATERAL (SELECT kind, queue FROM jobs_job WHERE id = a.job_id LIMIT 1) AS job
     WHERE a.ended_at >= (SELECT at FROM turn) AND a.ended_at < (SELECT before FROM turn) AND a.outcome = 'failed'
     GROUP BY job.kind, job.queue
), counted AS MATERIALIZED (
    SELECT left(kind, 400) AS kind, left(queue, 200) AS queue, sum(enqueued) AS enqueued,
           COALESCE(sum(ended) FILTER (WHERE state = 6), 0) AS succeeded,
           COALESCE(sum(ended) FILTER (WHERE state = 7), 0) AS dead,
           COALESCE(sum(ended) FILTER (WHERE state = 8), 0) AS cancelled, sum(failed) AS failed_attempts,
           COALESCE(sum(ended) FILTER (WHERE state = 6 AND is_first), 0) AS first_attempts,
           COALESCE(greatest(date_part('epoch', sum(waited) FILTER (WHERE state = 6 AND is_first)), 0), 0) AS waited_s,
           COALESCE(greatest(date_part('epoch', sum(ran) FILTER (WHERE state = 6)), 0), 0) AS ran_s,
           COALESCE(greatest(date_part('epoch', max(slowest) FILTER (WHERE state = 6)), 0), 0) AS slowest_s
      FROM part GROUP BY left(kind, 400), left(queue, 200)
), gone AS (
    DELETE FROM jobs_rollup AS r USING turn
     WHERE r.seconds = 60 AND r.at = turn.at
       AND NOT EXISTS (SELECT FROM counted WHERE counted.kind = r.kind AND counted.queue = r.queue)
    RETURNING 1
), written AS (
    INSERT INTO jobs_rollup AS r (seconds, at, kind, queue, enqueued, succeeded, dead, cancelled, failed_attempts,
                                  first_attempts, waited_s, ran_s, slowest_s)
    SELECT 60, turn.at, kind, queue, enqueued, succeeded, dead, cancelled, failed_attempts, first_attempts, waited_s,
           ran_s, slowest_s
      FROM counted CROSS JOIN turn ORDER BY kind, queue
    ON CONFLICT (seconds, at, kind, queue) DO UPDATE
       SET enqueued = excluded.enqueued, succeeded = excluded.succeeded, dead = excluded.dead,
           cancelled = excluded.cancelled, failed_attempts = excluded.failed_attempts,
           first_attempts = excluded.first_attempts, waited_s = excluded.waited_s, ran_s = excluded.ran_s,
           slowest_s = excluded.slowest_s
     WHERE (r.enqueued, r.succeeded, r.dead, r.cancelled, r.failed_attempts, r.first_attempts, r.waited_s, r.ran_s)
           IS DISTINCT FROM (excluded.enqueued, excluded.succeeded, excluded.dead, excluded.cancelled,
                             excluded.failed_attempts, excluded.first_attempts, excluded.waited_s, excluded.ran_s)
    RETURNING 1
)
SELECT at = minute, (SELECT count(*) FROM written) + (SELECT count(*) FROM gone) FROM turn
