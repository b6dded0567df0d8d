-- Of the next effects by their jobs' ids, forget those done long ago whose job is gone. One of which nobody knows
-- whether it happened waits for a person, however long.
WITH looked AS MATERIALIZED (
    SELECT key, job_id, done_at FROM {table}
     WHERE job_id >= %(after)s AND job_id < %(before)s ORDER BY job_id LIMIT %(batch)s
), gone AS (
    DELETE FROM {table} AS effect USING looked
     WHERE effect.key = looked.key AND effect.job_id = looked.job_id
       AND effect.done_at < %(done_before)s
       AND NOT EXISTS (SELECT FROM jobs_job AS j
                        WHERE j.id = looked.job_id AND j.id >= %(after)s AND j.id < %(before)s)
    RETURNING 1
)
SELECT (SELECT count(*) FROM looked), (SELECT count(*) FROM gone), (SELECT job_id FROM looked ORDER BY job_id DESC LIMIT 1)
