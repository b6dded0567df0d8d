-- Cancel waiting jobs whose time to start has passed. Looked for where it passed lately, and among those that nobody
-- claims for long: no worker may. The statement's time, since no index can be searched for a clock that moves on.
WITH late AS MATERIALIZED (
    SELECT id FROM jobs_job
     WHERE id = ANY (ARRAY(
           (SELECT id FROM jobs_job
             WHERE expires_at <= statement_timestamp()
               AND expires_at > statement_timestamp() - %(since)s * interval '1 second' AND state IN (0, 1, 2, 5)
             ORDER BY expires_at LIMIT %(batch)s)
           UNION
           SELECT unnest(ids) FROM jobs_bundle WHERE tries > 1 OR published_at < clock_timestamp() - interval '5 seconds'))
       AND expires_at <= statement_timestamp() AND state IN (0, 1, 2, 5)
     LIMIT %(batch)s FOR UPDATE SKIP LOCKED
), expired AS (
    UPDATE jobs_job SET state = 8, run_after = NULL, finished_at = clock_timestamp()
     WHERE id = ANY (ARRAY(SELECT id FROM late)) AND state IN (0, 1, 2, 5)
    RETURNING id, queue, lane, rank, attempt, finished_at
), out_of_line AS (
    DELETE FROM jobs_ready AS r USING expired AS e
     WHERE r.queue = e.queue AND r.lane = e.lane AND r.rank = e.rank AND r.id = e.id
), unparked AS (
    DELETE FROM jobs_parked WHERE id IN (SELECT id FROM expired)
), freed AS (
    DELETE FROM jobs_slot WHERE job_id IN (SELECT id FROM expired)
), story AS (
    INSERT INTO jobs_attempt (job_id, number, outcome, worker_name, started_at, ended_at, error_type, message, traceback)
    SELECT id, attempt + 1, 'cancelled', '', finished_at, finished_at, '', 'It expired before it started.', ''
      FROM expired
)
SELECT id FROM expired
