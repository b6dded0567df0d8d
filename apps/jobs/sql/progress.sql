-- Say how far a job got, without a checkpoint: nothing may depend on it, so it need not survive a crash.
WITH holder AS (
    SELECT id, attempt, cancel_requested_at FROM jobs_job
     WHERE id = %(id)s AND lease = %(lease)s AND state = 3
       AND {asynchronous_commit}
), saved AS (
    INSERT INTO jobs_progress AS p (job_id, attempt, done, total, note, rate, updated_at)
    SELECT id, attempt, %(done)s, %(total)s, %(note)s, %(rate)s, clock_timestamp() FROM holder
    ON CONFLICT (job_id) DO UPDATE
       SET attempt = excluded.attempt, done = excluded.done, total = excluded.total, note = excluded.note,
           rate = excluded.rate, updated_at = excluded.updated_at
)
SELECT cancel_requested_at IS NOT NULL FROM holder
