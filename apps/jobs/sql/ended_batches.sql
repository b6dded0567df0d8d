-- Of the batches whose time to be looked at has come, find those of which every job has ended, and forget them. A look
-- goes on where the last one met a job that lives, and the next comes a little later than the one before. Who was
-- passed may live again (a replay), and what follows a job may come in behind the place, since a canvas gives ids from
-- its end: so a batch has ended only when a way from its first job to its last met nobody, in one look, or in several
-- that met the very same ends as the way before. A job counts as alive until those that wait for it were told, unless
-- they could not be for minutes. All looks share one measure of rows. Answers for each: whether its next look comes at
-- once, and whether its own job, which still sleeps for it, starts. One whose own job somebody holds is left: nobody is
-- waited for.
WITH open AS MATERIALIZED (
    SELECT job_id, looks, place, is_sure, met, met_before FROM jobs_batch
     WHERE look_at <= statement_timestamp() ORDER BY look_at LIMIT %(batches)s FOR UPDATE SKIP LOCKED
), share AS MATERIALIZED (
    SELECT greatest(least(%(jobs)s, %(rows)s / greatest(count(*), 1)), 2) AS jobs FROM open
), way AS MATERIALIZED (
    SELECT open.*, alive.id AS alive, part.many, part.last, open.met # part.met AS met_by_now,
           part.many < (SELECT jobs FROM share) AS is_at_its_end
      FROM open
      LEFT JOIN LATERAL (
           SELECT id FROM (SELECT id, state FROM jobs_job
                            WHERE parent_id = open.job_id AND id >= COALESCE(open.place, %(first)s)
                            ORDER BY id LIMIT (SELECT jobs FROM share)) AS next
            WHERE state NOT IN (6, 7, 8)
               OR state IN (7, 8) AND EXISTS (SELECT FROM jobs_unsettled AS u
                                               WHERE u.job_id = next.id AND u.tries < %(tries)s)
            LIMIT 1) AS alive ON true
      LEFT JOIN LATERAL (
           SELECT count(*) AS many, (array_agg(id ORDER BY id DESC))[1] AS last,
                  COALESCE(bit_xor(uuid_hash_extended(id, (extract(epoch FROM finished_at) * 1000000)::bigint))
                           FILTER (WHERE id > COALESCE(open.place, %(first)s)), 0) AS met
             FROM (SELECT id, finished_at FROM jobs_job
                    WHERE alive.id IS NULL AND parent_id = open.job_id AND id >= COALESCE(open.place, %(first)s)
                    ORDER BY id LIMIT (SELECT jobs FROM share)) AS next) AS part ON true
), look AS MATERIALIZED (
    SELECT *, alive IS NULL AND is_at_its_end AND is_sure AS met_nobody,
           alive IS NULL AND is_at_its_end AND is_sure
           AND (place IS NULL OR met_by_now IS NOT DISTINCT FROM met_before) AS has_ended
      FROM way
), own AS MATERIALIZED (
    SELECT id, run_after FROM jobs_job WHERE id IN (SELECT job_id FROM look WHERE has_ended)
     ORDER BY id FOR UPDATE SKIP LOCKED
), over AS MATERIALIZED (
    SELECT job_id FROM look
     WHERE has_ended AND (job_id IN (SELECT id FROM own) OR NOT EXISTS (SELECT FROM jobs_job WHERE id = look.job_id))
), ended AS (
    DELETE FROM jobs_batch WHERE job_id IN (SELECT job_id FROM over)
), later AS (
    UPDATE jobs_batch AS b
       SET looks = least(look.looks + 1, 20),
           place = CASE WHEN alive IS NOT NULL THEN alive WHEN NOT is_at_its_end THEN last END,
           is_sure = alive IS NULL AND (look.is_sure OR is_at_its_end),
           met = CASE WHEN alive IS NULL AND look.is_sure AND NOT is_at_its_end THEN met_by_now ELSE 0 END,
           met_before = CASE WHEN met_nobody THEN met_by_now
                             WHEN alive IS NULL AND look.is_sure THEN look.met_before END,
           look_at = clock_timestamp() + CASE WHEN alive IS NULL AND NOT has_ended THEN interval '0'
                                              ELSE least(0.4 * 1.2 ^ look.looks, 5) * interval '1 second' END
      FROM look WHERE b.job_id = look.job_id AND look.job_id NOT IN (SELECT job_id FROM over)
)
SELECT job_id, alive IS NULL AND NOT has_ended,
       EXISTS (SELECT FROM own WHERE own.id = look.job_id AND own.run_after = %(until)s)
  FROM look
