-- Give the next lanes that have somebody in line their turn again, so many at a look. They are found by jumping from
-- one to the next in the line's index: a lane of a million costs as little as one of two. Who comes anew, or comes
-- back, starts where the others are: absence earns no credit. Return the lane at which the next look begins, null when
-- this one came to the last; and how many it gave their turn.
-- What is known of a lane is asked for one by one: a join would read all of them.
WITH RECURSIVE present AS (
    (SELECT 1 AS nth, lane, id, kind FROM jobs_ready WHERE queue = %(queue)s AND lane >= %(first)s
      ORDER BY queue, lane, rank, id LIMIT 1)
    UNION ALL
    SELECT present.nth + 1, following.lane, following.id, following.kind
      FROM present
      CROSS JOIN LATERAL (SELECT r.lane, r.id, r.kind FROM jobs_ready AS r
                           WHERE r.queue = %(queue)s AND r.lane > present.lane
                           ORDER BY r.queue, r.lane, r.rank, r.id LIMIT 1) AS following
     WHERE present.nth < %(most)s
), others AS MATERIALIZED (
    SELECT COALESCE((SELECT vtime FROM jobs_lane
                      WHERE queue = %(queue)s AND has_ready
                        AND (blocked_until IS NULL OR blocked_until <= clock_timestamp())
                      ORDER BY vtime, lane LIMIT 1),
                    (SELECT max(vtime) FROM jobs_lane WHERE queue = %(queue)s), 0) AS vtime
), came AS (
    INSERT INTO jobs_lane (queue, lane, vtime, has_ready, limit_key)
    SELECT %(queue)s, lane, others.vtime, true,
           CASE WHEN limited.kind IS NULL THEN ''
                ELSE COALESCE((SELECT limited.name || substr(limit_key, 1 + length(split_part(limit_key, ':', 1)))
                                 FROM jobs_job WHERE id = present.id AND limit_key <> ''), '') END
      FROM present CROSS JOIN others
      LEFT JOIN unnest(%(limited)s::text[], %(counts_as)s::text[]) AS limited (kind, name) USING (kind)
     WHERE (SELECT l.has_ready FROM jobs_lane AS l WHERE l.queue = %(queue)s AND l.lane = present.lane) IS NOT TRUE
    ON CONFLICT (queue, lane) DO UPDATE
       SET has_ready = true, vtime = greatest(jobs_lane.vtime, excluded.vtime), limit_key = excluded.limit_key
    RETURNING lane
)
SELECT (SELECT lane FROM present WHERE nth = %(most)s), (SELECT count(*) FROM came)
