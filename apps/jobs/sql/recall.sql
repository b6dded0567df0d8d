-- Put what unclaimed messages carry in line again, and make the messages stale. The caller holds their bundles; one that
-- was claimed before that stays. A job that lost a worker goes alone again.
WITH out_of_window AS (
    DELETE FROM jobs_bundle AS b
     WHERE id = ANY (%(bundles)s::uuid[])
       AND NOT EXISTS (SELECT FROM jobs_job AS j WHERE j.id = ANY (b.ids) AND j.state = 3)
    RETURNING ids
), back AS (
    SELECT queue, lane, rank, id, kind, deaths > 0 AS alone FROM jobs_job
     WHERE id = ANY (ARRAY(SELECT unnest(ids) FROM out_of_window)) AND state IN (1, 2)
), freed AS (
    DELETE FROM jobs_slot WHERE job_id IN (SELECT id FROM back)
), in_line AS (
    INSERT INTO jobs_ready (queue, lane, rank, id, kind, alone)
    SELECT queue, lane, rank, id, kind, alone FROM back ON CONFLICT DO NOTHING
)
SELECT (SELECT count(*) FROM out_of_window), (SELECT count(*) FROM back)
