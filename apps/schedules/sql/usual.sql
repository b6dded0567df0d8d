-- Say how many seconds the jobs of schedules took that ended well, on average over their last five moments.
SELECT task.id, avg(extract(epoch FROM job.finished_at - job.started_at))::float8
  FROM django_celery_beat_periodictask AS task
 CROSS JOIN LATERAL (
       SELECT job_id FROM schedules_moment WHERE schedule_id = task.id AND job_id IS NOT NULL
        ORDER BY at DESC LIMIT 5) AS recent
  JOIN jobs_job AS job ON job.id = recent.job_id
 WHERE task.enabled AND job.state = 6
 GROUP BY task.id
