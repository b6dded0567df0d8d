-- What stands in each queue's line, counted up to a bound; queues are found by jumping from one to the next.
WITH RECURSIVE standing AS (
    (SELECT queue FROM jobs_ready ORDER BY queue LIMIT 1)
    UNION ALL
    SELECT following.queue
      FROM standing
      CROSS JOIN LATERAL (SELECT r.queue FROM jobs_ready AS r WHERE r.queue > standing.queue
                           ORDER BY r.queue LIMIT 1) AS following
), in_broker AS (
    SELECT queue, count(*) AS messages, min(published_at) AS since FROM jobs_bundle GROUP BY queue
), workers AS (
    SELECT queue, count(*) AS workers, sum(concurrency) AS slots FROM jobs_worker, unnest(queues) AS queue
     WHERE stopped_at IS NULL GROUP BY queue
), known AS (
    SELECT queue FROM standing UNION SELECT queue FROM in_broker UNION SELECT queue FROM workers
    UNION SELECT unnest(%(declared)s::text[]) UNION SELECT name FROM jobs_pause WHERE scope = 'queue'
)
SELECT known.queue,
       (SELECT count(*) FROM (SELECT FROM jobs_ready AS r WHERE r.queue = known.queue LIMIT %(most)s) AS counted),
       (SELECT min(j.enqueued_at) FROM jobs_job AS j
         WHERE j.id = (SELECT min_first.id FROM jobs_ready AS min_first WHERE min_first.queue = known.queue
                        ORDER BY queue, lane, rank, id LIMIT 1)),
       COALESCE(in_broker.messages, 0), COALESCE(workers.workers, 0), COALESCE(workers.slots, 0),
       pause.name IS NOT NULL, pause.until, COALESCE(pause.reason, '')
  FROM known LEFT JOIN in_broker USING (queue) LEFT JOIN workers USING (queue)
  LEFT JOIN jobs_pause AS pause ON pause.scope = 'queue' AND pause.name = known.queue
       AND (pause.until IS NULL OR pause.until > statement_timestamp())
 ORDER BY known.queue
