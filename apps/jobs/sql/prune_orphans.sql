-- Of the next rows by their jobs' ids, forget those whose job is gone from the ledger. The bounds of the ids are said twice:
-- a plan that reads all jobs in their order then reads no more than these.
WITH looked AS MATERIALIZED (
    SELECT ctid AS place, job_id FROM {table}
     WHERE job_id >= %(after)s AND job_id < %(before)s ORDER BY job_id LIMIT %(batch)s
), gone AS (
    DELETE FROM {table} WHERE ctid = ANY (ARRAY(
           SELECT place FROM looked
            WHERE NOT EXISTS (SELECT FROM jobs_job AS j
                               WHERE j.id = looked.job_id AND j.id >= %(after)s AND j.id < %(before)s)))
    RETURNING 1
)
SELECT (SELECT count(*) FROM looked), (SELECT count(*) FROM gone), (SELECT job_id FROM looked ORDER BY job_id DESC LIMIT 1)
