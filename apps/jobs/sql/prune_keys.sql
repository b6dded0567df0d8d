-- Forget keys whose time is over and, among the next ones that have none, keys of jobs that ended or are long gone.
-- A key that changes hands meanwhile is locked or names another job, and stays; so does one that its own job took
-- again, since that was replayed: it has another version.
WITH looked AS MATERIALIZED (
    SELECT key, job_id, xmin AS version FROM jobs_unique_key
     WHERE until IS NULL AND key > %(after)s ORDER BY key LIMIT %(batch)s
), free AS MATERIALIZED (
    SELECT looked.* FROM looked LEFT JOIN jobs_job AS j ON j.id = looked.job_id
     WHERE j.state IN (6, 7, 8) OR (j.id IS NULL AND looked.job_id < %(long_ago)s)
), gone AS (
    DELETE FROM jobs_unique_key
     WHERE ctid = ANY (ARRAY(SELECT k.ctid FROM jobs_unique_key AS k WHERE k.until <= statement_timestamp()
                              ORDER BY k.until LIMIT %(batch)s FOR UPDATE SKIP LOCKED))
        OR ctid = ANY (ARRAY(SELECT k.ctid FROM jobs_unique_key AS k JOIN free USING (key, job_id)
                              WHERE k.until IS NULL AND k.xmin = free.version FOR UPDATE OF k SKIP LOCKED))
    RETURNING 1
)
SELECT (SELECT count(*) FROM gone),
       (SELECT key FROM looked WHERE (SELECT count(*) FROM looked) = %(batch)s ORDER BY key DESC LIMIT 1)
