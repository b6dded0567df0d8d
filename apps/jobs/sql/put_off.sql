-- Let a running job sleep: after a failure (retrying) or because it asked to (scheduled; no failure is counted).
-- At 32,000 failures both counters stand still: a smallint ends there, and a job may be tried for ever.
-- One that a person asked to stop is cancelled instead: it must not start again.
WITH slept AS (
    UPDATE jobs_job
       SET state = CASE WHEN cancel_requested_at IS NULL THEN %(state)s ELSE 8 END,
           run_after = CASE WHEN cancel_requested_at IS NULL
                            THEN clock_timestamp() + make_interval(secs => %(delay)s::float8) END,
           finished_at = CASE WHEN cancel_requested_at IS NOT NULL THEN clock_timestamp() END,
           lease = NULL,
           failures = failures + CASE WHEN %(state)s = 5 AND failures < 32000 THEN 1 ELSE 0 END,
           attempt = attempt - CASE WHEN %(state)s = 5 AND failures >= 32000 THEN 1 ELSE 0 END
     WHERE id = %(id)s AND lease = %(lease)s AND state = 3
    RETURNING id, worker_id, started_at
), out_of_window AS (
    DELETE FROM jobs_bundle WHERE id = %(closes)s AND EXISTS (SELECT FROM slept)
), freed AS (
    DELETE FROM jobs_slot WHERE %(limited)s AND job_id IN (SELECT id FROM slept)
), story AS (
    INSERT INTO jobs_attempt (job_id, number, outcome, worker_name, started_at, ended_at, error_type, message, traceback)
    SELECT slept.id, %(number)s, %(outcome)s, COALESCE(w.name, ''), slept.started_at, clock_timestamp(),
           %(error_type)s, %(message)s, %(traceback)s
      FROM slept LEFT JOIN jobs_worker AS w ON w.id = slept.worker_id
)
SELECT id FROM slept
