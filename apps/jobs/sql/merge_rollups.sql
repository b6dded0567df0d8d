-- Fold minutes older than two days into their hours, some at a time, and forget hours older than wanted. A minute is
-- deleted and added in one breath, so that it counts once however many do this, and wherever one is cut off. A minute
-- that is counted again is none of these.
WITH line AS MATERIALIZED (
    SELECT date_bin('1 hour', least(%(now)s::timestamptz - interval '2 days', next_at), 'epoch') AS merged,
           %(now)s::timestamptz - make_interval(days => %(days)s) AS kept
      FROM jobs_rolled_up
), minutes AS (
    DELETE FROM jobs_rollup
     WHERE ctid = ANY (ARRAY(SELECT ctid FROM jobs_rollup WHERE seconds = 60 AND at < (SELECT merged FROM line)
                              ORDER BY at, kind, queue LIMIT %(batch)s FOR UPDATE SKIP LOCKED))
    RETURNING *
), forgotten AS (
    DELETE FROM jobs_rollup
     WHERE ctid = ANY (ARRAY(SELECT ctid FROM jobs_rollup WHERE seconds = 3600 AND at < (SELECT kept FROM line)
                              ORDER BY at LIMIT %(batch)s FOR UPDATE SKIP LOCKED))
    RETURNING 1
), hours AS (
    INSERT INTO jobs_rollup AS r (seconds, at, kind, queue, enqueued, succeeded, dead, cancelled, failed_attempts,
                                  first_attempts, waited_s, ran_s, slowest_s)
    SELECT 3600, hour, kind, queue, sum(enqueued), sum(succeeded), sum(dead), sum(cancelled), sum(failed_attempts),
           sum(first_attempts), sum(waited_s), sum(ran_s), max(slowest_s)
      FROM (SELECT date_bin('1 hour', at, 'epoch') AS hour, * FROM minutes) AS m
     WHERE hour >= (SELECT kept FROM line)
     GROUP BY hour, kind, queue ORDER BY hour, kind, queue
    ON CONFLICT (seconds, at, kind, queue) DO UPDATE
       SET enqueued = r.enqueued + excluded.enqueued, succeeded = r.succeeded + excluded.succeeded,
           dead = r.dead + excluded.dead, cancelled = r.cancelled + excluded.cancelled,
           failed_attempts = r.failed_attempts + excluded.failed_attempts,
           first_attempts = r.first_attempts + excluded.first_attempts, waited_s = r.waited_s + excluded.waited_s,
           ran_s = r.ran_s + excluded.ran_s, slowest_s = greatest(r.slowest_s, excluded.slowest_s)
)
SELECT (SELECT count(*) FROM minutes) + (SELECT count(*) FROM forgotten)
