-- Each queue's messages in the broker, its live workers and its pause.
WITH in_broker AS (
    SELECT queue, count(*) AS messages FROM jobs_bundle GROUP BY queue
), workers AS (
    SELECT queue, count(*) AS workers, sum(concurrency) AS slots FROM jobs_worker, unnest(queues) AS queue
     WHERE stopped_at IS NULL AND heartbeat_at > clock_timestamp() - make_interval(secs => %(dead_after)s)
     GROUP BY queue
), known AS (
    SELECT queue FROM in_broker UNION SELECT queue FROM workers
    UNION SELECT unnest(%(known)s::text[]) UNION SELECT name FROM jobs_pause WHERE scope = 'queue'
)
SELECT known.queue, COALESCE(in_broker.messages, 0), COALESCE(workers.workers, 0), COALESCE(workers.slots, 0),
       pause.name IS NOT NULL, pause.until, COALESCE(pause.reason, '')
  FROM known LEFT JOIN in_broker USING (queue) LEFT JOIN workers USING (queue)
  LEFT JOIN jobs_pause AS pause ON pause.scope = 'queue' AND pause.name = known.queue
       AND (pause.until IS NULL OR pause.until > statement_timestamp())
 ORDER BY known.queue
