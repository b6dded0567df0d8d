-- Lock plans that were edited, half of them from either end: behind a flood of new schedules neither an edit of an old
-- one nor one that somebody makes now waits. Their details are read by a later statement, whose snapshot is newer than
-- the lock: an edit that commits in between is seen, one that comes later waits and marks the plan again.
WITH patience AS MATERIALIZED (
    SELECT set_config('idle_in_transaction_session_timeout', '5s', true) IS NOT NULL AS is_set
), oldest AS (
    SELECT schedule_id FROM schedules_plan WHERE edited AND (SELECT is_set FROM patience)
     ORDER BY schedule_id LIMIT %(half)s FOR UPDATE SKIP LOCKED
), newest AS (
    SELECT schedule_id FROM schedules_plan WHERE edited AND (SELECT is_set FROM patience)
     ORDER BY schedule_id DESC LIMIT %(half)s FOR UPDATE SKIP LOCKED
)
SELECT schedule_id, clock_timestamp() FROM (SELECT * FROM oldest UNION SELECT * FROM newest) AS edited ORDER BY schedule_id
