-- Finish a job, unless its lease was lost; its bundle leaves the window in the same breath.
WITH done AS (
    UPDATE jobs_job SET state = 6, finished_at = clock_timestamp(), lease = NULL, result = %(result)s
     WHERE id = %(id)s AND lease = %(lease)s AND state = 3
    RETURNING id
), out_of_window AS (
    DELETE FROM jobs_bundle WHERE id = %(bundle)s AND EXISTS (SELECT FROM done)
)
SELECT id FROM done
