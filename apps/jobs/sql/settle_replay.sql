-- See what became of a replay's jobs that are in line again: of so many, from where the last look ended, so that a look
-- costs the same however many there are. Answer how many ended well, died again and are not followed any further
-- (cancelled, or gone with an old week), how many were looked at, and the last of them.
WITH looked AS MATERIALIZED (
    SELECT job_id FROM jobs_replayed
     WHERE replay_id = %(replay)s AND became = 1 AND (%(after)s::uuid IS NULL OR job_id > %(after)s::uuid)
     ORDER BY job_id LIMIT %(batch)s
), ended AS (
    SELECT looked.job_id, CASE j.state WHEN 6 THEN 2 WHEN 7 THEN 3 ELSE 4 END AS became
      FROM looked LEFT JOIN jobs_job AS j ON j.id = looked.job_id
     WHERE j.id IS NULL OR j.state IN (6, 7, 8)
), settled AS (
    UPDATE jobs_replayed AS r SET became = ended.became FROM ended
     WHERE r.replay_id = %(replay)s AND r.job_id = ended.job_id
    RETURNING r.became
)
SELECT count(*) FILTER (WHERE became = 2), count(*) FILTER (WHERE became = 3), count(*) FILTER (WHERE became = 4),
       (SELECT count(*) FROM looked), (SELECT job_id FROM looked ORDER BY job_id DESC LIMIT 1)
  FROM settled
