-- Look at a job again later, each time after a longer pause, since those that wait for it could not be told.
UPDATE jobs_unsettled
   SET tries = least(tries + 1, 32000), due_at = statement_timestamp() + 2 ^ least(tries, 12) * interval '5 seconds'
 WHERE job_id = %(id)s
