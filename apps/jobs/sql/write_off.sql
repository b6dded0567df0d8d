-- Insert a job that can never run, ended as dead, with its dead letter.
WITH made AS (
    INSERT INTO jobs_job (id, enqueued_at, finished_at, rank, kind, queue, trigger, subject, args, tenant, state, priority,
                          max_attempts, attempt, failures, deaths, fingerprint)
    SELECT %(id)s::uuid, now, now, now, %(kind)s, %(queue)s, 'message', '', %(args)s::jsonb, '', 7, 0, 1, 0, 0, 0,
           %(fingerprint)s
      FROM (SELECT clock_timestamp() AS now) AS moment
    RETURNING id, kind, fingerprint, finished_at
)
INSERT INTO jobs_dead_letter (job_id, kind, fingerprint, died_at, message, evidence, worker_name, version)
SELECT made.id, made.kind, made.fingerprint, made.finished_at, %(message)s, %(evidence)s::jsonb,
       COALESCE(w.name, ''), COALESCE(w.version, '')
  FROM made LEFT JOIN jobs_worker AS w ON w.id = %(worker_id)s
