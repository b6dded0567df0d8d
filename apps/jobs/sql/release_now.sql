-- Put sleeping jobs in line before their time, because a person asked or their batch has ended.
WITH chosen AS MATERIALIZED (
    SELECT id FROM jobs_job WHERE id = ANY (%(ids)s::uuid[]) AND state IN (0, 5) ORDER BY id FOR UPDATE
), woken AS (
    UPDATE jobs_job SET state = 1, run_after = NULL
     WHERE id = ANY (ARRAY(SELECT id FROM chosen)) AND state IN (0, 5)
    RETURNING queue, lane, rank, id, kind
), in_line AS (
    INSERT INTO jobs_ready (queue, lane, rank, id, kind)
    SELECT queue, lane, rank, id, kind FROM woken ON CONFLICT DO NOTHING
)
SELECT id FROM woken
