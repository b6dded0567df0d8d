-- Find the jobs of schedules' last moments that have not ended. A schedule with more than twenty of them overlaps
-- whichever they are.
SELECT chosen.id, job.id
  FROM unnest(%(ids)s::int[]) AS chosen (id)
 CROSS JOIN LATERAL (SELECT job_id FROM schedules_moment WHERE schedule_id = chosen.id AND job_id IS NOT NULL
                      ORDER BY at DESC LIMIT 20) AS recent
  JOIN jobs_job AS job ON job.id = recent.job_id
 WHERE job.state NOT IN (6, 7, 8)
