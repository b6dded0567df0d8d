-- Take running jobs back from processes that cannot finish them: dead workers, or one dead child of a live worker.
-- A job that lost its worker `max_deaths` times without getting further is buried instead: it may be the killer.
-- One whose row is locked is left for the next look: its worker commits a last chunk or its outcome, or froze in the
-- middle of that, and then nobody else may have to wait for it.
-- A bundle of which something was taken leaves the window, so that its message is stale; what is left of it
-- gets another, so that it is found again. What was in a dead worker's hands next runs alone.
-- charged = false is a hand back: the worker stops on purpose, or another job's end took this one's process along.
WITH held AS (
    SELECT b.id AS bundle, job_id FROM jobs_bundle AS b, unnest(b.ids) AS job_id
), takeable AS MATERIALIZED (
    SELECT id FROM jobs_job
     WHERE id = ANY (ARRAY(SELECT job_id FROM held)) AND state = 3
       AND worker_id = ANY (%(workers)s) AND (%(pid)s::int IS NULL OR worker_pid = %(pid)s)
       AND (%(only)s::uuid[] IS NULL OR id = ANY (%(only)s)) AND id IS DISTINCT FROM %(spared)s::uuid
       AND (%(lease)s::uuid IS NULL OR lease = %(lease)s)
       FOR UPDATE SKIP LOCKED
), freed AS (
    UPDATE jobs_job AS j
       SET state = CASE WHEN %(charged)s AND deaths + 1 >= %(max_deaths)s THEN 7
                        WHEN cancel_requested_at IS NOT NULL THEN 8 ELSE 1 END,
           finished_at = CASE WHEN cancel_requested_at IS NOT NULL OR (%(charged)s AND deaths + 1 >= %(max_deaths)s)
                              THEN clock_timestamp() END,
           fingerprint = CASE WHEN %(charged)s AND deaths + 1 >= %(max_deaths)s THEN 'WorkerLost' ELSE '' END,
           lease = NULL,
           deaths = deaths + CASE WHEN %(charged)s THEN 1 ELSE 0 END
     WHERE j.id = ANY (ARRAY(SELECT id FROM takeable)) AND j.state = 3
    RETURNING j.id, j.kind, j.queue, j.lane, j.rank, j.state, j.attempt AS number, j.worker_id, j.started_at, j.deaths,
              j.args, j.tenant
), in_line AS (
    INSERT INTO jobs_ready (queue, lane, rank, id, kind, alone)
    SELECT queue, lane, rank, id, kind, %(alone)s FROM freed WHERE state = 1 ON CONFLICT DO NOTHING
), slots AS (
    DELETE FROM jobs_slot WHERE job_id IN (SELECT id FROM freed)
), out_of_window AS (
    DELETE FROM jobs_bundle WHERE id IN (SELECT bundle FROM held JOIN freed ON freed.id = held.job_id)
    RETURNING id, queue, kind, published_at
), rewrapped AS (
    INSERT INTO jobs_bundle (id, queue, kind, published_at, tries, ids)
    SELECT gen_random_uuid(), b.queue, b.kind, b.published_at, 1, array_agg(j.id)
      FROM out_of_window AS b JOIN held ON held.bundle = b.id JOIN jobs_job AS j ON j.id = held.job_id
     WHERE j.state IN (1, 2, 3) AND j.id = ANY (ARRAY(SELECT job_id FROM held)) AND j.id NOT IN (SELECT id FROM freed)
     GROUP BY b.id, b.queue, b.kind, b.published_at
), story AS (
    INSERT INTO jobs_attempt (job_id, number, outcome, worker_name, started_at, ended_at, error_type, message, traceback)
    SELECT freed.id, number, %(outcome)s, COALESCE(w.name, ''), freed.started_at, clock_timestamp(),
           CASE WHEN %(charged)s THEN 'WorkerLost' ELSE '' END, %(message)s, ''
      FROM freed LEFT JOIN jobs_worker AS w ON w.id = freed.worker_id
), letter AS (
    INSERT INTO jobs_dead_letter (job_id, kind, fingerprint, died_at, message, evidence, tenant, attempts, worker_name,
                                  version)
    SELECT freed.id, kind, 'WorkerLost', clock_timestamp(),
           'Its worker died ' || deaths || ' times without getting further. It is set aside so that it delays nobody.',
           jsonb_build_object('error_type', 'WorkerLost', 'deaths', deaths, 'args', args), tenant, number,
           COALESCE(w.name, ''), COALESCE(w.version, '')
      FROM freed LEFT JOIN jobs_worker AS w ON w.id = freed.worker_id WHERE state = 7
    ON CONFLICT (job_id) DO UPDATE
       SET fingerprint = excluded.fingerprint, died_at = excluded.died_at, message = excluded.message,
           evidence = excluded.evidence, attempts = excluded.attempts, worker_name = excluded.worker_name,
           version = excluded.version, decided_at = NULL, decision = ''
)
SELECT id, kind, queue, state FROM freed
