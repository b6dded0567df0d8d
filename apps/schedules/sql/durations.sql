-- Say how many seconds the jobs of a schedule's last twenty moments ran that ended well.
SELECT extract(epoch FROM job.finished_at - job.started_at)::float8
  FROM (SELECT job_id FROM schedules_moment WHERE schedule_id = %(id)s AND job_id IS NOT NULL
         ORDER BY at DESC LIMIT 20) AS recent
  JOIN jobs_job AS job ON job.id = recent.job_id
 WHERE job.state = 6
