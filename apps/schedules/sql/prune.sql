-- Forget moments after 90 days and beats that have been silent for 30, a batch at a time.
WITH old_beats AS (
    DELETE FROM schedules_beat WHERE heartbeat_at < clock_timestamp() - interval '30 days'
)
DELETE FROM schedules_moment
 WHERE id IN (SELECT id FROM schedules_moment ORDER BY id LIMIT %(batch)s)
   AND fired_at < clock_timestamp() - interval '90 days'
RETURNING id
