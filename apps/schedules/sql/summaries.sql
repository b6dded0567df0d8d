-- Read the last twenty moments of each of these schedules, the newest first, with what became of their jobs.
SELECT recent.schedule_id, recent.at, recent.outcome, recent.missed_since IS NOT NULL, recent.job_id, job.state,
       extract(epoch FROM job.finished_at - job.started_at)::float8
  FROM unnest(%(ids)s::int[]) AS wanted (id)
 CROSS JOIN LATERAL (
       SELECT schedule_id, at, outcome, missed_since, job_id FROM schedules_moment
        WHERE schedule_id = wanted.id ORDER BY at DESC LIMIT 20) AS recent
  LEFT JOIN jobs_job AS job ON job.id = recent.job_id
 ORDER BY recent.schedule_id, recent.at DESC
