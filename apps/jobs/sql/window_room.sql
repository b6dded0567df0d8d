-- How many more messages each queue's window may hold: a few for every slot of the live workers that listen to it.
WITH slots AS (
    SELECT queue, sum(concurrency) AS slots FROM jobs_worker, unnest(queues) AS queue
     WHERE stopped_at IS NULL GROUP BY queue
), waiting AS (
    SELECT DISTINCT queue FROM jobs_ready
)
SELECT waiting.queue,
       greatest(%(least)s, COALESCE(slots.slots, 0) * %(per_slot)s)
       - (SELECT count(*) FROM jobs_bundle AS b WHERE b.queue = waiting.queue)
  FROM waiting LEFT JOIN slots USING (queue)
