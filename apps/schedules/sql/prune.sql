-- Forget moments (a batch at a time) and closed alerts after 90 days, beats that have been silent for 30, and
-- after a year what a schedule said before it said something else.
WITH old_beats AS (
    DELETE FROM schedules_beat WHERE heartbeat_at < clock_timestamp() - interval '30 days'
), old_alerts AS (
    DELETE FROM schedules_alert WHERE closed_at < clock_timestamp() - interval '90 days'
), old_versions AS (
    DELETE FROM schedules_version AS old WHERE at < clock_timestamp() - interval '1 year'
       AND EXISTS (SELECT FROM schedules_version AS newer
                    WHERE newer.schedule_id = old.schedule_id AND newer.id > old.id)
)
DELETE FROM schedules_moment
 WHERE id IN (SELECT id FROM schedules_moment ORDER BY id LIMIT %(batch)s)
   AND fired_at < clock_timestamp() - interval '90 days'
RETURNING id
