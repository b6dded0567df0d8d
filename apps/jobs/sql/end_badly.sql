-- End a running job as dead (with its dead letter) or as cancelled, unless its lease was lost.
WITH ended AS (
    UPDATE jobs_job SET state = %(state)s, finished_at = clock_timestamp(), lease = NULL, fingerprint = %(fingerprint)s
     WHERE id = %(id)s AND lease = %(lease)s AND state = 3
    RETURNING id, kind, worker_id, started_at, finished_at, tenant, attempt
), out_of_window AS (
    DELETE FROM jobs_bundle WHERE id = %(closes)s AND EXISTS (SELECT FROM ended)
), freed AS (
    DELETE FROM jobs_slot WHERE %(limited)s AND job_id IN (SELECT id FROM ended)
), story AS (
    INSERT INTO jobs_attempt (job_id, number, outcome, worker_name, started_at, ended_at, error_type, message, traceback)
    SELECT ended.id, %(number)s, %(outcome)s, COALESCE(w.name, ''), ended.started_at, ended.finished_at,
           %(error_type)s, %(message)s, %(traceback)s
      FROM ended LEFT JOIN jobs_worker AS w ON w.id = ended.worker_id
), letter AS (
    INSERT INTO jobs_dead_letter (job_id, kind, fingerprint, died_at, message, evidence, tenant, attempts, worker_name,
                                  version)
    SELECT ended.id, kind, %(fingerprint)s, finished_at, %(message)s, %(evidence)s, tenant, attempt,
           COALESCE(w.name, ''), COALESCE(w.version, '')
      FROM ended LEFT JOIN jobs_worker AS w ON w.id = ended.worker_id WHERE %(state)s = 7
    ON CONFLICT (job_id) DO UPDATE
       SET fingerprint = excluded.fingerprint, died_at = excluded.died_at, message = excluded.message,
           evidence = excluded.evidence, attempts = excluded.attempts, worker_name = excluded.worker_name,
           version = excluded.version, decided_at = NULL, decision = ''
)
SELECT id FROM ended
