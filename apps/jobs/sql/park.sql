-- Move waiting jobs of paused kinds out of the line, so that nobody has to stand behind them: from its head, and from
-- the heads of the lanes whose turn is next, since that is where they are met.
WITH lane AS MATERIALIZED (
    SELECT lane FROM jobs_lane
     WHERE queue = %(queue)s AND has_ready AND (blocked_until IS NULL OR blocked_until <= clock_timestamp())
     ORDER BY vtime, lane LIMIT %(room)s
), met AS (
    (SELECT ctid AS place, kind FROM jobs_ready WHERE queue = %(queue)s
      ORDER BY queue, lane, rank, id LIMIT greatest(%(batch)s / 2, %(room)s + 1))
    UNION ALL
    SELECT first.place, first.kind FROM lane CROSS JOIN LATERAL (
           SELECT ctid AS place, kind FROM jobs_ready AS r WHERE r.queue = %(queue)s AND r.lane = lane.lane
            ORDER BY rank, id LIMIT greatest(%(batch)s / 2 / (SELECT count(*) FROM lane), 1)) AS first
), out_of_line AS (
    DELETE FROM jobs_ready WHERE ctid = ANY (ARRAY(
           SELECT ctid FROM jobs_ready
            WHERE ctid = ANY (ARRAY(SELECT place FROM met WHERE kind = ANY (%(paused)s::text[])))
              FOR UPDATE SKIP LOCKED))
    RETURNING queue, lane, rank, id, kind, alone
)
INSERT INTO jobs_parked (queue, lane, rank, id, kind, alone)
SELECT queue, lane, rank, id, kind, alone FROM out_of_line ON CONFLICT DO NOTHING
RETURNING id
