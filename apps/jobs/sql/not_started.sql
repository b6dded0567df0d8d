-- Jobs that could start and do not run: in line (all, and by kind at the heads of its lanes), unclaimed in the window,
-- parked, set aside, and dead because no worker could read them. Every part is bounded and read by an index; the line
-- is never read whole. For the keeper, the doctor and pages. No locks.
WITH RECURSIVE live AS MATERIALIZED (
    SELECT id, queues, concurrency FROM jobs_worker
     WHERE stopped_at IS NULL AND heartbeat_at > clock_timestamp() - make_interval(secs => %(dead_after)s)
), line AS (
    (SELECT queue FROM jobs_ready ORDER BY queue LIMIT 1)
    UNION ALL
    SELECT following.queue FROM line
     CROSS JOIN LATERAL (SELECT r.queue FROM jobs_ready AS r WHERE r.queue > line.queue ORDER BY r.queue LIMIT 1) AS following
), head AS MATERIALIZED (
    SELECT line.queue, first.id, first.kind, first.place
      FROM line
      CROSS JOIN LATERAL (
           WITH RECURSIVE present AS (
               (SELECT r.lane FROM jobs_ready AS r WHERE r.queue = line.queue ORDER BY r.queue, r.lane LIMIT 1)
               UNION ALL
               SELECT following.lane FROM present
                CROSS JOIN LATERAL (SELECT r.lane FROM jobs_ready AS r WHERE r.queue = line.queue AND r.lane > present.lane
                                     ORDER BY r.queue, r.lane LIMIT 1) AS following
           ) SELECT lane FROM present LIMIT %(lanes)s) AS lanes
      CROSS JOIN LATERAL (
           SELECT r.id, r.kind, row_number() OVER (ORDER BY r.rank, r.id) AS place FROM jobs_ready AS r
            WHERE r.queue = line.queue AND r.lane = lanes.lane ORDER BY r.rank, r.id LIMIT %(heads)s) AS first
), stretch AS MATERIALIZED (
    SELECT line.queue, counted.kind, count(*) AS jobs
      FROM line
      CROSS JOIN LATERAL (SELECT r.kind FROM jobs_ready AS r WHERE r.queue = line.queue LIMIT %(most)s) AS counted
     GROUP BY line.queue, counted.kind
), message AS MATERIALIZED (
    SELECT b.queue, b.kind, b.tries, cardinality(b.ids) - cardinality(b.ids[1:10]) + first.waiting AS jobs, first.*
      FROM (SELECT * FROM jobs_bundle LIMIT %(messages)s) AS b
      CROSS JOIN LATERAL (
           SELECT min(j.worker_id) FILTER (WHERE j.state = 3) AS worker_id,
                  count(*) FILTER (WHERE j.state IN (1, 2)) AS waiting,
                  min(j.enqueued_at) FILTER (WHERE j.state IN (1, 2)) AS oldest
             FROM jobs_job AS j WHERE j.id = ANY (b.ids[1:10])) AS first
), busy AS (
    SELECT worker_id, count(*) AS slots FROM message WHERE worker_id IS NOT NULL GROUP BY worker_id
), idle AS (
    SELECT queue, sum(greatest(concurrency - COALESCE(busy.slots, 0), 0)) AS slots
      FROM live CROSS JOIN unnest(queues) AS queue LEFT JOIN busy ON busy.worker_id = live.id GROUP BY queue
), parked_kind AS (
    (SELECT kind FROM jobs_parked ORDER BY kind LIMIT 1)
    UNION ALL
    SELECT following.kind FROM parked_kind
     CROSS JOIN LATERAL (SELECT p.kind FROM jobs_parked AS p WHERE p.kind > parked_kind.kind
                          ORDER BY p.kind LIMIT 1) AS following
), asleep AS MATERIALIZED (
    SELECT j.queue, j.kind, j.schema_version, j.enqueued_at
      FROM (SELECT id, queue, kind, schema_version, enqueued_at, state, attempt FROM jobs_job
             WHERE EXISTS (SELECT FROM jobs_unserved WHERE last_at > clock_timestamp() - %(nap)s * interval '1 second')
               AND run_after < statement_timestamp() + %(nap)s * interval '1 second'
             ORDER BY run_after LIMIT %(most)s) AS j
      JOIN (SELECT DISTINCT queue, kind FROM jobs_unserved
             WHERE last_at > clock_timestamp() - %(nap)s * interval '1 second') AS u USING (queue, kind)
     WHERE j.state = 0 AND j.attempt > 0
)
SELECT 'line' AS place, line.queue, '' AS kind, 1 AS version, 0 AS tries, 0 AS idle,
       (SELECT sum(stretch.jobs) FROM stretch WHERE stretch.queue = line.queue) AS jobs,
       (SELECT min(j.enqueued_at) FROM head JOIN jobs_job AS j ON j.id = head.id
         WHERE head.queue = line.queue AND head.place = 1) AS oldest
  FROM line
UNION ALL
SELECT 'head', queue, kind, 1, 0, 0, greatest(stretch.jobs, first.jobs),
       (SELECT j.enqueued_at FROM jobs_job AS j WHERE j.id = first.id)
  FROM (SELECT queue, kind, count(*) AS jobs, (array_agg(id ORDER BY id))[1] AS id FROM head GROUP BY queue, kind) AS first
  FULL JOIN stretch USING (queue, kind)
UNION ALL
SELECT 'window', m.queue, m.kind, 1, max(m.tries), COALESCE(max(idle.slots), 0), sum(m.jobs), min(m.oldest)
  FROM message AS m LEFT JOIN idle USING (queue) WHERE m.worker_id IS NULL AND m.oldest IS NOT NULL GROUP BY m.queue, m.kind
UNION ALL
SELECT 'parked', own.queue, k.kind, 1, 0, 0, own.jobs, (SELECT j.enqueued_at FROM jobs_job AS j WHERE j.id = own.first_id)
  FROM parked_kind AS k
 CROSS JOIN LATERAL (
       SELECT p.queue, count(*) AS jobs, (array_agg(p.id ORDER BY p.id))[1] AS first_id
         FROM (SELECT queue, id FROM jobs_parked AS p WHERE p.kind = k.kind ORDER BY p.id LIMIT %(most)s) AS p
        GROUP BY p.queue) AS own
UNION ALL
SELECT 'asleep', queue, kind, schema_version, 0, 0, count(*), min(enqueued_at) FROM asleep
 GROUP BY queue, kind, schema_version
UNION ALL
SELECT 'dead', letter.queue, u.kind, 1, 0, 0, count(*), min(letter.died_at)
  FROM (SELECT DISTINCT kind, reason FROM jobs_unserved) AS u
 CROSS JOIN LATERAL (
       SELECT d.died_at, (SELECT j.queue FROM jobs_job AS j WHERE j.id = d.job_id) AS queue
         FROM jobs_dead_letter AS d
        WHERE d.fingerprint = u.reason || ' ' || u.kind AND d.decided_at IS NULL LIMIT %(most)s) AS letter
 WHERE letter.queue IS NOT NULL
 GROUP BY letter.queue, u.kind
 ORDER BY 1, 2, 3, 4
