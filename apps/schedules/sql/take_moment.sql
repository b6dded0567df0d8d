-- Take a moment of a schedule. No row: it was taken before.
INSERT INTO schedules_moment (schedule_id, at, fired_at, beat, job_id, missed_since, outcome)
VALUES (%(schedule_id)s, %(at)s, clock_timestamp(), %(beat)s, %(job_id)s, %(missed_since)s, %(outcome)s)
ON CONFLICT (schedule_id, at) DO NOTHING
RETURNING id
