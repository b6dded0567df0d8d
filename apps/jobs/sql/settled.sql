-- Take one of them off the list, for the transaction that tells those that wait; another keeper's is left to it.
-- One that was put back in line meanwhile is only taken off: it may still end well.
WITH taken AS (
    DELETE FROM jobs_unsettled
     WHERE job_id = (SELECT job_id FROM jobs_unsettled WHERE job_id = %(id)s FOR UPDATE SKIP LOCKED)
    RETURNING job_id
)
SELECT j.kind, j.args, j.failures, j.options, j.state
  FROM taken JOIN jobs_job AS j ON j.id = taken.job_id
 WHERE j.state IN (7, 8)
