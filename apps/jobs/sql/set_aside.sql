-- What becomes of jobs that a worker claimed and cannot read: it does not know their kind, or only older versions of its
-- arguments. Another worker may: in a deploy old and new run side by side. So they sleep, twice as long each time, and
-- nothing is held against them: never long while a live worker can read them. One that came back `patience` times in
-- this life, and that none can read, is buried with its evidence.
WITH came AS MATERIALIZED (
    SELECT j.id, j.queue, j.kind, j.schema_version, j.worker_id,
           COALESCE(w.name, '') AS worker_name, COALESCE(w.version, '') AS version,
           (SELECT count(*) FROM jobs_attempt AS a
             WHERE a.job_id = j.id AND a.error_type IN ('UnknownKind', 'NewerVersion')
               AND a.ended_at > COALESCE((SELECT d.died_at FROM jobs_dead_letter AS d WHERE d.job_id = j.id),
                                         '-infinity')) AS times,
           EXISTS (SELECT FROM jobs_worker AS k
                    WHERE k.stopped_at IS NULL AND j.kind = ANY (k.kinds) AND j.queue = ANY (k.queues)
                      AND (k.reads IS NULL OR COALESCE((k.reads ->> j.kind)::int, 1) >= j.schema_version)) AS is_known
      FROM jobs_job AS j LEFT JOIN jobs_worker AS w ON w.id = j.worker_id
     WHERE j.id = ANY (%(ids)s::uuid[]) AND j.lease = %(lease)s AND j.state = 3
     ORDER BY j.id FOR UPDATE OF j
), lacking AS MATERIALIZED (
    SELECT ' Live workers of its queue that cannot run it: ' || left(string_agg(DISTINCT k.name, ', '), 500)
           || '. Restart them with the release that can.' AS names
      FROM (SELECT DISTINCT queue, kind, schema_version FROM came) AS c
      JOIN jobs_worker AS k ON k.stopped_at IS NULL AND c.queue = ANY (k.queues)
       AND (k.kinds @> ARRAY[c.kind]
            AND (k.reads IS NULL OR COALESCE((k.reads ->> c.kind)::int, 1) >= c.schema_version)) IS NOT TRUE
), judged AS (
    SELECT came.*, times >= %(patience)s AND NOT is_known AS is_hopeless,
           CASE WHEN is_known THEN least(2 ^ least(times, 20), %(first_s)s)
                ELSE least(%(first_s)s * 2 ^ least(times, 20), %(longest_s)s) END * interval '1 second' AS nap
      FROM came
), moved AS (
    UPDATE jobs_job AS j
       SET state = CASE WHEN cancel_requested_at IS NOT NULL THEN 8 WHEN judged.is_hopeless THEN 7 ELSE 0 END,
           run_after = CASE WHEN cancel_requested_at IS NULL AND NOT judged.is_hopeless
                            THEN clock_timestamp() + judged.nap END,
           finished_at = CASE WHEN cancel_requested_at IS NOT NULL OR judged.is_hopeless THEN clock_timestamp() END,
           fingerprint = CASE WHEN judged.is_hopeless THEN %(error_type)s || ' ' || j.kind ELSE '' END,
           lease = NULL
      FROM judged
     WHERE j.id = judged.id AND j.lease = %(lease)s AND j.state = 3
    RETURNING j.id, j.queue, j.kind, j.state, j.attempt, j.started_at, j.args, j.tenant, j.fingerprint, judged.worker_name,
              judged.version
), out_of_window AS (
    DELETE FROM jobs_bundle
     WHERE id = %(bundle)s AND cardinality(ids) = (SELECT count(*) FROM moved WHERE moved.id = ANY (ids))
), freed AS (
    DELETE FROM jobs_slot WHERE job_id IN (SELECT id FROM moved)
), noted AS (
    INSERT INTO jobs_unserved (queue, kind, reason, last_at)
    SELECT queue, kind, %(error_type)s::text, clock_timestamp() FROM moved GROUP BY queue, kind ORDER BY queue, kind
    ON CONFLICT (queue, kind, reason) DO UPDATE SET last_at = excluded.last_at
), story AS (
    INSERT INTO jobs_attempt (job_id, number, outcome, worker_name, started_at, ended_at, error_type, message, traceback)
    SELECT id, attempt, CASE state WHEN 7 THEN 'failed' WHEN 8 THEN 'cancelled' ELSE 'snoozed' END, worker_name,
           started_at, clock_timestamp(), %(error_type)s, %(message)s 
           || COALESCE((SELECT names FROM lacking), ''), ''
      FROM moved
), letter AS (
    INSERT INTO jobs_dead_letter (job_id, kind, fingerprint, died_at, message, evidence, tenant, attempts, worker_name,
                                  version)
    SELECT id, kind, fingerprint, clock_timestamp(),
           %(message)s || COALESCE((SELECT names FROM lacking), ''),
           jsonb_build_object('error_type', %(error_type)s::text, 'traceback', '', 'args', args), tenant, attempt, worker_name,
           version
      FROM moved WHERE state = 7
    ON CONFLICT (job_id) DO UPDATE
       SET fingerprint = excluded.fingerprint, died_at = excluded.died_at, message = excluded.message,
           evidence = excluded.evidence, attempts = excluded.attempts, worker_name = excluded.worker_name,
           version = excluded.version, decided_at = NULL, decision = ''
)
SELECT state, count(*) FROM moved GROUP BY state
