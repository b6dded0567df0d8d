-- Say which of these schedules have a moment that waits for their last job to end.
SELECT DISTINCT schedule_id FROM schedules_moment WHERE outcome = 'waits' AND schedule_id = ANY (%(ids)s::int[])
