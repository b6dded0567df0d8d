-- Write down that an outside effect is about to be tried, unless somebody did before; fenced by the lease.
-- Answers: does the lease hold, is it ours to try, is it done, its receipt, when it began, is who began it at it now.
WITH holder AS (
    SELECT id FROM jobs_job WHERE id = %(id)s AND lease = %(lease)s AND state = 3
), made AS (
    INSERT INTO jobs_effect (key, job_id, lease, started_at)
    SELECT %(key)s, id, %(lease)s, clock_timestamp() FROM holder
    ON CONFLICT (key) DO NOTHING
    RETURNING key
)
SELECT EXISTS (SELECT FROM holder), EXISTS (SELECT FROM made), e.done_at IS NOT NULL, e.receipt, e.started_at,
       e.lease <> %(lease)s
       AND EXISTS (SELECT FROM jobs_job AS j WHERE j.id = e.job_id AND j.lease = e.lease AND j.state = 3)
  FROM (SELECT) AS one LEFT JOIN jobs_effect AS e ON e.key = %(key)s
