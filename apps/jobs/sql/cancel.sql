-- Cancel a job that waits, at once; ask a running one to stop at its next checkpoint.
WITH asked AS (
    UPDATE jobs_job
       SET cancel_requested_at = COALESCE(cancel_requested_at, clock_timestamp()), run_after = NULL,
           state = CASE WHEN state = 3 THEN 3 ELSE 8 END,
           finished_at = CASE WHEN state = 3 THEN NULL ELSE clock_timestamp() END
     WHERE id = %(id)s AND state IN (0, 1, 2, 3, 5)
    RETURNING id, queue, lane, rank, state
), out_of_line AS (
    DELETE FROM jobs_ready AS r USING asked
     WHERE asked.state = 8 AND r.queue = asked.queue AND r.lane = asked.lane AND r.rank = asked.rank
       AND r.id = asked.id
)
SELECT state FROM asked
