-- Forget replays that ended long ago (their jobs first, some at a time), workers that stopped long ago, the jobs of
-- audit log entries when all are gone, and of the next buckets those that nobody took from for longer than the slowest
-- rate takes to fill one: a full one is like none.
WITH old AS MATERIALIZED (
    SELECT %(now)s::timestamptz - make_interval(days => %(days)s) AS moment
), ended AS MATERIALIZED (
    SELECT id FROM jobs_replay WHERE ended_at < (SELECT moment FROM old) ORDER BY id LIMIT 10
), replayed AS (
    DELETE FROM jobs_replayed WHERE ctid = ANY (ARRAY(
           SELECT ctid FROM jobs_replayed WHERE replay_id IN (SELECT id FROM ended) LIMIT %(batch)s))
    RETURNING 1
), replays AS (
    DELETE FROM jobs_replay WHERE id IN (SELECT id FROM ended)
       AND NOT EXISTS (SELECT FROM jobs_replayed AS r WHERE r.replay_id = jobs_replay.id)
    RETURNING 1
), workers AS (
    DELETE FROM jobs_worker AS w WHERE stopped_at < (SELECT moment FROM old)
       AND NOT EXISTS (SELECT FROM jobs_bundle AS b JOIN jobs_job AS j ON j.id = ANY (b.ids)
                        WHERE j.state = 3 AND j.worker_id = w.id)
    RETURNING 1
), unserved AS (
    DELETE FROM jobs_unserved WHERE last_at < (SELECT moment FROM old)
), action_jobs AS (
    DELETE FROM jobs_action_jobs WHERE id = ANY (ARRAY(
           SELECT b.id FROM jobs_action_jobs AS b JOIN jobs_action AS a ON a.id = b.action_id
            WHERE a.at < (SELECT moment FROM old) AND NOT EXISTS (SELECT FROM jobs_job AS j WHERE j.id = ANY (b.job_ids))
            LIMIT 20))
    RETURNING 1
), next AS MATERIALIZED (
    SELECT key FROM jobs_bucket WHERE key > %(after)s ORDER BY key LIMIT %(batch)s
), buckets AS (
    DELETE FROM jobs_bucket WHERE ctid = ANY (ARRAY(
           SELECT ctid FROM jobs_bucket
            WHERE key = ANY (ARRAY(SELECT key FROM next)) AND refilled_at < %(now)s::timestamptz - interval '2 days'
              FOR UPDATE SKIP LOCKED))
    RETURNING 1
)
SELECT (SELECT count(*) FROM replayed) + (SELECT count(*) FROM replays)
     + (SELECT count(*) FROM workers) + (SELECT count(*) FROM action_jobs) + (SELECT count(*) FROM buckets),
       (SELECT max(key) FROM next HAVING count(*) = %(batch)s)
