-- What changes while a job is watched, for every watched job at once.
SELECT j.id, j.state, j.attempt, j.cancel_requested_at, p.updated_at,
       (SELECT max(l.id) FROM jobs_log_line AS l WHERE l.job_id = j.id),
       (SELECT max(i.rejected) FROM transfers_import AS i WHERE i.job_id = j.id)
  FROM jobs_job AS j LEFT JOIN jobs_progress AS p ON p.job_id = j.id
 WHERE j.id = ANY (%(ids)s)
