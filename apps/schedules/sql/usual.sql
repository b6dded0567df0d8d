-- Say how many seconds the jobs of schedules took that ended well, on average over their last five moments.
SELECT wanted.id, avg(extract(epoch FROM job.finished_at - job.started_at))::float8
  FROM unnest(%(ids)s::int[]) AS wanted (id)
 CROSS JOIN LATERAL (
       SELECT job_id FROM schedules_moment WHERE schedule_id = wanted.id AND job_id IS NOT NULL
        ORDER BY at DESC LIMIT 5) AS recent
  JOIN jobs_job AS job ON job.id = recent.job_id
 WHERE job.state = 6
 GROUP BY wanted.id
