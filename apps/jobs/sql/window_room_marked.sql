-- The windows of the waiting queues as in window_room, without reading over the rows that left the lines: a queue with a
-- mark is read from there, the jumps from one queue to the next go between such queues. Jobs that wait before a mark are
-- left to the next look at the whole lines, except those of queues that the last fill did not finish.
WITH RECURSIVE slots AS (
    SELECT queue, sum(concurrency) AS slots FROM jobs_worker, unnest(queues) AS queue
     WHERE stopped_at IS NULL GROUP BY queue
), mark AS MATERIALIZED (
    SELECT m AS mark, m.queue, lead(m.queue) OVER (ORDER BY m.queue) AS next
      FROM jobs_line_mark AS m
), stretch AS (
    SELECT '' AS after, (SELECT min(queue) FROM mark) AS before
    UNION ALL
    SELECT queue, next FROM mark
), found AS (
    SELECT first.queue, stretch.before
      FROM stretch
      CROSS JOIN LATERAL (
           (SELECT r.queue FROM jobs_ready AS r WHERE r.queue > stretch.after AND r.queue < stretch.before
             ORDER BY r.queue LIMIT 1)
           UNION ALL
           (SELECT r.queue FROM jobs_ready AS r WHERE r.queue > stretch.after AND stretch.before IS NULL
             ORDER BY r.queue LIMIT 1)) AS first
    UNION ALL
    SELECT following.queue, found.before
      FROM found
      CROSS JOIN LATERAL (
           (SELECT r.queue FROM jobs_ready AS r WHERE r.queue > found.queue AND r.queue < found.before
             ORDER BY r.queue LIMIT 1)
           UNION ALL
           (SELECT r.queue FROM jobs_ready AS r WHERE r.queue > found.queue AND found.before IS NULL
             ORDER BY r.queue LIMIT 1)) AS following
), waiting AS (
    SELECT queue, false AS is_hidden FROM found
    UNION ALL
    SELECT queue, NOT stands
      FROM mark CROSS JOIN LATERAL (SELECT job_line_stands(queue, mark) AS stands OFFSET 0) AS look
     WHERE stands OR queue = ANY (%(unfinished)s::text[])
)
SELECT waiting.queue,
       greatest(%(least)s, COALESCE(slots.slots, 0) * %(per_slot)s),
       (SELECT count(*) FROM jobs_bundle AS b WHERE b.queue = waiting.queue),
       greatest(COALESCE(slots.slots, 0), 1),
       ARRAY(SELECT name FROM jobs_pause AS p WHERE p.scope = 'kind'
                AND (p.until IS NULL OR p.until > clock_timestamp())),
       waiting.is_hidden
  FROM waiting LEFT JOIN slots USING (queue)
 WHERE NOT EXISTS (SELECT FROM jobs_pause AS p WHERE p.scope = 'queue' AND p.name = waiting.queue
                      AND (p.until IS NULL OR p.until > clock_timestamp()))
