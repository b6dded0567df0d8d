-- Cancel jobs that wait, at once; ask running ones to stop at their next checkpoint. Locked in the order of their ids,
-- so that two of these cannot wait for one another.
WITH chosen AS MATERIALIZED (
    SELECT id FROM jobs_job
     WHERE id = ANY (%(ids)s::uuid[]) AND state IN (0, 1, 2, 3, 5) ORDER BY id FOR UPDATE
), asked AS (
    UPDATE jobs_job
       SET cancel_requested_at = COALESCE(cancel_requested_at, clock_timestamp()), run_after = NULL,
           state = CASE WHEN state = 3 THEN 3 ELSE 8 END,
           finished_at = CASE WHEN state = 3 THEN NULL ELSE clock_timestamp() END
     WHERE id = ANY (ARRAY(SELECT id FROM chosen)) AND state IN (0, 1, 2, 3, 5)
    RETURNING id, queue, lane, rank, state
), out_of_line AS (
    DELETE FROM jobs_ready AS r USING asked
     WHERE asked.state = 8 AND r.queue = asked.queue AND r.lane = asked.lane AND r.rank = asked.rank
       AND r.id = asked.id
), unparked AS (
    DELETE FROM jobs_parked WHERE id IN (SELECT id FROM asked WHERE state = 8)
), freed AS (
    DELETE FROM jobs_slot WHERE job_id IN (SELECT id FROM asked WHERE state = 8)
)
SELECT id, state FROM asked
