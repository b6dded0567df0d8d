-- Of the batches whose time to be looked at has come, find those of which every job has ended, and forget them. A look
-- goes on where the last one met a job that lives, and the next comes a little later than the one before. Who was passed
-- may live again (a replay), so a batch has ended only when a way from its first job to its last met nobody. Answers for
-- those of which no living job was met: whether it ended, and whether its own job still sleeps for it. One whose own job
-- somebody holds is left for the next look: nobody is waited for.
WITH open AS MATERIALIZED (
    SELECT job_id, looks, place, is_sure FROM jobs_batch
     WHERE look_at <= statement_timestamp() ORDER BY look_at LIMIT %(batches)s FOR UPDATE SKIP LOCKED
), look AS MATERIALIZED (
    SELECT open.*, alive.id AS alive, part.many, part.last
      FROM open
      LEFT JOIN LATERAL (
           SELECT id FROM (SELECT id, state FROM jobs_job
                            WHERE parent_id = open.job_id AND id >= COALESCE(open.place, %(first)s)
                            ORDER BY id LIMIT %(jobs)s) AS next
            WHERE state NOT IN (6, 7, 8) LIMIT 1) AS alive ON true
      LEFT JOIN LATERAL (
           SELECT count(*) AS many, (array_agg(id ORDER BY id DESC))[1] AS last
             FROM (SELECT id FROM jobs_job
                    WHERE parent_id = open.job_id AND id >= COALESCE(open.place, %(first)s)
                    ORDER BY id LIMIT %(jobs)s) AS next) AS part ON alive.id IS NULL
), own AS MATERIALIZED (
    SELECT id, run_after FROM jobs_job
     WHERE id IN (SELECT job_id FROM look WHERE alive IS NULL AND many < %(jobs)s AND is_sure)
     ORDER BY id FOR UPDATE SKIP LOCKED
), over AS MATERIALIZED (
    SELECT job_id FROM look
     WHERE alive IS NULL AND many < %(jobs)s AND is_sure
       AND (job_id IN (SELECT id FROM own) OR NOT EXISTS (SELECT FROM jobs_job WHERE id = look.job_id))
), ended AS (
    DELETE FROM jobs_batch WHERE job_id IN (SELECT job_id FROM over)
), later AS (
    UPDATE jobs_batch AS b
       SET looks = least(look.looks + 1, 20),
           place = CASE WHEN look.alive IS NOT NULL THEN look.alive WHEN look.many >= %(jobs)s THEN look.last END,
           is_sure = look.alive IS NULL AND (look.is_sure OR look.many < %(jobs)s),
           look_at = clock_timestamp() + CASE WHEN look.alive IS NULL AND NOT (look.is_sure AND look.many < %(jobs)s)
                                              THEN interval '0'
                                              ELSE least(0.4 * 1.2 ^ look.looks, 5) * interval '1 second' END
      FROM look WHERE b.job_id = look.job_id AND look.job_id NOT IN (SELECT job_id FROM over)
)
SELECT job_id, job_id IN (SELECT job_id FROM over),
       EXISTS (SELECT FROM own WHERE own.id = look.job_id AND own.run_after = %(until)s)
  FROM look WHERE alive IS NULL
