-- What finish.sql does, for a job that came alone: planned once a session, since it finds every row by its key.
WITH done AS (
    UPDATE jobs_job
       SET state = 6, lease = NULL, finished_at = clock_timestamp(), result = %(result)s::jsonb,
           started_at = started_at + %(began_s)s::float8 * interval '1 second'
     WHERE id = %(id)s AND lease = %(lease)s AND state = 3
    RETURNING id
), freed AS (
    DELETE FROM jobs_slot WHERE job_id = %(id)s AND EXISTS (SELECT FROM done)
), out_of_window AS (
    DELETE FROM jobs_bundle WHERE id = %(closes)s::uuid AND EXISTS (SELECT FROM done)
)
SELECT count(*) FROM done
