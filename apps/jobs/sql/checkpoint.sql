-- Save how far a job got, if its lease still holds; the row lock keeps a rescue out until the caller's commit.
-- No row: the lease was lost. Getting further than at any checkpoint before clears the count of deaths: such a job is no
-- killer. One that always begins anew and dies at the same place is.
WITH holder AS (
    UPDATE jobs_job
       SET deaths = CASE WHEN deaths = 0 OR (SELECT p.furthest >= %(done)s FROM jobs_progress AS p
                                              WHERE p.job_id = jobs_job.id) THEN deaths ELSE 0 END
     WHERE id = %(id)s AND lease = %(lease)s AND state = 3
    RETURNING id, attempt, cancel_requested_at
), saved AS (
    INSERT INTO jobs_progress AS p (job_id, attempt, done, total, note, rate, cursor, furthest, updated_at)
    SELECT id, attempt, %(done)s, %(total)s, %(note)s, %(rate)s, %(cursor)s, %(done)s, clock_timestamp() FROM holder
    ON CONFLICT (job_id) DO UPDATE
       SET attempt = excluded.attempt, done = excluded.done, total = excluded.total, note = excluded.note,
           rate = excluded.rate, cursor = excluded.cursor,
           furthest = greatest(p.furthest, excluded.furthest), updated_at = excluded.updated_at
)
SELECT cancel_requested_at IS NOT NULL FROM holder
