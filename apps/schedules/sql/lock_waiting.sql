-- Lock moments that wait and whose schedules have no unfinished job any more; what another beat holds is left to it.
SELECT moment.id, moment.schedule_id
  FROM schedules_moment AS moment
 WHERE moment.outcome = 'waits'
   AND (SELECT set_config('idle_in_transaction_session_timeout', '5s', true)) IS NOT NULL
   AND NOT EXISTS (
       SELECT FROM (SELECT job_id FROM schedules_moment WHERE schedule_id = moment.schedule_id AND job_id IS NOT NULL
                     ORDER BY at DESC LIMIT 20) AS recent
         JOIN jobs_job AS job ON job.id = recent.job_id
        WHERE job.state NOT IN (6, 7, 8))
 ORDER BY moment.id LIMIT %(batch)s FOR NO KEY UPDATE SKIP LOCKED
