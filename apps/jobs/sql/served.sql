-- The live workers of each queue: how many, with how many slots, how many know the kind, how many read its version,
-- up to which version, and the names of some that do not.
SELECT asked.queue, asked.kind, asked.version,
       count(w.id), COALESCE(sum(w.concurrency), 0),
       count(w.id) FILTER (WHERE asked.kind = ANY (w.kinds)),
       count(w.id) FILTER (WHERE can.reads),
       COALESCE(max((w.reads ->> asked.kind)::int), 1),
       COALESCE((array_agg(w.name ORDER BY w.name) FILTER (WHERE w.id IS NOT NULL AND can.reads IS NOT TRUE))[1:5], '{}')
  FROM unnest(%(queues)s::text[], %(kinds)s::text[], %(versions)s::int[]) AS asked (queue, kind, version)
  LEFT JOIN jobs_worker AS w
         ON asked.queue = ANY (w.queues) AND w.stopped_at IS NULL
        AND w.heartbeat_at > clock_timestamp() - make_interval(secs => %(dead_after)s)
  LEFT JOIN LATERAL (
       SELECT asked.kind = ANY (w.kinds)
              AND (w.reads IS NULL OR COALESCE((w.reads ->> asked.kind)::int, 1) >= asked.version) AS reads) AS can ON true
 GROUP BY asked.queue, asked.kind, asked.version
