-- How wide each waiting queue's window is (a few messages for every slot of the live workers that listen to it), how
-- many of them are in it, how many slots there are, which kinds are paused, and whether new jobs would not see the line
-- since it is before its mark. A paused queue is left out. The queues are found by jumping from one to the next in the
-- index: a line of a million is not read.
WITH RECURSIVE slots AS (
    SELECT queue, sum(concurrency) AS slots FROM jobs_worker, unnest(queues) AS queue
     WHERE stopped_at IS NULL GROUP BY queue
), waiting AS (
    (SELECT queue FROM jobs_ready ORDER BY queue LIMIT 1)
    UNION ALL
    SELECT following.queue
      FROM waiting
      CROSS JOIN LATERAL (SELECT r.queue FROM jobs_ready AS r WHERE r.queue > waiting.queue
                           ORDER BY r.queue LIMIT 1) AS following
)
SELECT waiting.queue,
       greatest(%(least)s, COALESCE(slots.slots, 0) * %(per_slot)s),
       (SELECT count(*) FROM jobs_bundle AS b WHERE b.queue = waiting.queue),
       greatest(COALESCE(slots.slots, 0), 1),
       ARRAY(SELECT name FROM jobs_pause AS p WHERE p.scope = 'kind'
                AND (p.until IS NULL OR p.until > clock_timestamp())),
       NOT job_line_stands(waiting.queue, (SELECT m FROM jobs_line_mark AS m WHERE m.queue = waiting.queue))
  FROM waiting LEFT JOIN slots USING (queue)
 WHERE NOT EXISTS (SELECT FROM jobs_pause AS p WHERE p.scope = 'queue' AND p.name = waiting.queue
                      AND (p.until IS NULL OR p.until > clock_timestamp()))
