-- Forget lanes in which nobody stands, unless they had more than those who still wait, or somebody weighted them. One that
-- the relay serves meanwhile is locked or had a turn since, and stays.
WITH lane AS MATERIALIZED (
    SELECT queue, lane, vtime, weight,
           EXISTS (SELECT FROM jobs_ready AS r WHERE r.queue = l.queue AND r.lane = l.lane) AS waits
      FROM jobs_lane AS l
), others AS (
    SELECT queue, min(vtime) FILTER (WHERE waits) AS vtime FROM lane GROUP BY queue
)
DELETE FROM jobs_lane WHERE ctid = ANY (ARRAY(
       SELECT l.ctid FROM jobs_lane AS l JOIN lane USING (queue, lane) JOIN others USING (queue)
        WHERE NOT lane.waits AND lane.weight = 1 AND lane.vtime <= COALESCE(others.vtime, lane.vtime)
          AND l.vtime = lane.vtime
          FOR UPDATE OF l SKIP LOCKED))
RETURNING lane
