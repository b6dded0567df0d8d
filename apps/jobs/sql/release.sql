-- Put sleeping jobs whose time has come in line. The statement's time, since no index can be searched for a clock
-- that moves on: with clock_timestamp() every look would read all that sleep.
WITH due AS (
    UPDATE jobs_job SET state = 1, run_after = NULL
     WHERE id = ANY (ARRAY(SELECT id FROM jobs_job WHERE run_after <= statement_timestamp()
                            ORDER BY run_after, id LIMIT %(batch)s FOR UPDATE SKIP LOCKED))
       AND state IN (0, 5)
    RETURNING queue, lane, rank, id, kind
)
INSERT INTO jobs_ready (queue, lane, rank, id, kind)
SELECT queue, lane, rank, id, kind FROM due ON CONFLICT DO NOTHING
RETURNING id
