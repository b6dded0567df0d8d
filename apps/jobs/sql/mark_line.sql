-- Move the mark of a queue's line to the first row without a lane that is left behind the mark, or to now. Keep with it
-- the key of the last row behind the mark, or of the last row of the whole line if asked to search it all.
-- Called by the relay after it removed thousands of rows. The relay itself finds rows before the mark without it.
WITH mark AS MATERIALIZED (
    SELECT COALESCE(m.begins_at, '-infinity') AS begins_at, m.waiting_lane AS lane, m.waiting_rank AS rank,
           m.waiting_id AS id,
           COALESCE(m.begins_id, '00000000-0000-0000-0000-000000000000') AS begins_id
      FROM (SELECT) AS one LEFT JOIN jobs_line_mark AS m ON m.queue = %(queue)s
), head AS (
    SELECT rank, id FROM jobs_ready
     WHERE queue = %(queue)s AND lane = ''
       AND (rank, id) >= ((SELECT begins_at FROM mark), (SELECT begins_id FROM mark))
     ORDER BY queue, lane, rank, id LIMIT 1
), waiting AS (
    (SELECT lane, rank, id FROM jobs_ready
      WHERE queue = %(queue)s
        AND rank >= CASE WHEN %(search_all)s THEN '-infinity' ELSE (SELECT begins_at FROM mark) END
      ORDER BY queue DESC, lane DESC, rank DESC, id DESC LIMIT 1)
    UNION ALL
    (SELECT r.lane, r.rank, r.id FROM mark
      CROSS JOIN LATERAL (SELECT lane, rank, id FROM jobs_ready
                           WHERE queue = %(queue)s AND lane = mark.lane AND rank = mark.rank AND id = mark.id) AS r)
    LIMIT 1
)
INSERT INTO jobs_line_mark (queue, begins_at, begins_id, has_lanes, waiting_lane, waiting_rank, waiting_id, marked_at)
SELECT %(queue)s, COALESCE(head.rank, clock_timestamp()), COALESCE(head.id, '00000000-0000-0000-0000-000000000000'),
       EXISTS (SELECT FROM jobs_lane WHERE queue = %(queue)s AND lane > ''), waiting.lane, waiting.rank, waiting.id,
       clock_timestamp()
  FROM (SELECT) AS one LEFT JOIN head ON true LEFT JOIN waiting ON true
 WHERE {asynchronous_commit}
ON CONFLICT (queue) DO UPDATE
   SET begins_at = excluded.begins_at, begins_id = excluded.begins_id, has_lanes = excluded.has_lanes,
       waiting_lane = excluded.waiting_lane, waiting_rank = excluded.waiting_rank, waiting_id = excluded.waiting_id,
       marked_at = excluded.marked_at
