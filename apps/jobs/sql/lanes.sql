-- Give every lane that has somebody in line its turn again. The lanes are found by jumping from one to the next in the
-- line's index: a lane of a million costs as little as one of two. Who comes anew, or comes back, starts where the
-- others are: absence earns no credit.
WITH RECURSIVE present AS (
    (SELECT lane, id, kind FROM jobs_ready WHERE queue = %(queue)s ORDER BY queue, lane, rank, id LIMIT 1)
    UNION ALL
    SELECT following.lane, following.id, following.kind
      FROM present
      CROSS JOIN LATERAL (SELECT r.lane, r.id, r.kind FROM jobs_ready AS r
                           WHERE r.queue = %(queue)s AND r.lane > present.lane
                           ORDER BY r.queue, r.lane, r.rank, r.id LIMIT 1) AS following
), others AS MATERIALIZED (
    SELECT COALESCE(min(vtime) FILTER (WHERE has_ready AND (blocked_until IS NULL OR blocked_until <= clock_timestamp())),
                    max(vtime), 0) AS vtime
      FROM jobs_lane WHERE queue = %(queue)s
)
INSERT INTO jobs_lane (queue, lane, vtime, has_ready, limit_key)
SELECT %(queue)s, lane, others.vtime, true,
       CASE WHEN limited.kind IS NULL THEN ''
            ELSE COALESCE((SELECT limited.name || substr(limit_key, 1 + length(split_part(limit_key, ':', 1)))
                             FROM jobs_job WHERE id = present.id AND limit_key <> ''), '') END
  FROM present CROSS JOIN others
  LEFT JOIN unnest(%(limited)s::text[], %(counts_as)s::text[]) AS limited (kind, name) USING (kind)
 WHERE NOT EXISTS (SELECT FROM jobs_lane AS l
                    WHERE l.queue = %(queue)s AND l.lane = present.lane AND l.has_ready)
ON CONFLICT (queue, lane) DO UPDATE
   SET has_ready = true, vtime = greatest(jobs_lane.vtime, excluded.vtime), limit_key = excluded.limit_key
