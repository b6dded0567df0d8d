-- Forget lanes in which nobody stands, unless they had more than those who still wait, or somebody weighted them.
WITH lane AS MATERIALIZED (
    SELECT queue, lane, vtime, weight,
           EXISTS (SELECT FROM jobs_ready AS r WHERE r.queue = l.queue AND r.lane = l.lane) AS waits
      FROM jobs_lane AS l
), others AS (
    SELECT queue, min(vtime) FILTER (WHERE waits) AS vtime FROM lane GROUP BY queue
)
DELETE FROM jobs_lane AS l USING lane JOIN others USING (queue)
 WHERE l.queue = lane.queue AND l.lane = lane.lane AND NOT lane.waits AND lane.weight = 1
   AND lane.vtime <= COALESCE(others.vtime, lane.vtime)
RETURNING l.lane
