-- Take moments of schedules, one of each. Those that are missing from the answer were taken before.
INSERT INTO schedules_moment (schedule_id, at, fired_at, beat, job_id, missed_since, outcome)
SELECT schedule_id, at, clock_timestamp(), %(beat)s, job_id, missed_since, outcome
  FROM unnest(%(schedule_ids)s::int[], %(ats)s::timestamptz[], %(job_ids)s::uuid[], %(missed_since)s::timestamptz[],
              %(outcomes)s::text[]) AS taken (schedule_id, at, job_id, missed_since, outcome)
ON CONFLICT (schedule_id, at) DO NOTHING
RETURNING schedule_id, id
