-- Put dead jobs in line again, as those that come last, if their letter is open. A new life: failures and deaths count
-- from nothing, an old expiry is forgotten. The number of the attempt goes on, so that the history stays in order and
-- the job goes on where its last checkpoint was; with other arguments it starts anew, and its limit and its lane are
-- those of the new ones. What killed its worker runs alone. The old lease went with the death: whoever held it can
-- write nothing.
-- Job and letter are locked together, in the order of the ids: a second replay, a discard or a prune that came first
-- is seen, and two of these cannot wait for one another.
WITH chosen AS MATERIALIZED (
    SELECT j.id, j.deaths
      FROM jobs_job AS j JOIN jobs_dead_letter AS d ON d.job_id = j.id
     WHERE j.id = ANY (%(ids)s::uuid[]) AND j.state = 7 AND d.decision = ''
     ORDER BY j.id FOR UPDATE
), back AS (
    UPDATE jobs_job AS j
       SET state = 1, finished_at = NULL, fingerprint = '', failures = 0, deaths = 0, cancel_requested_at = NULL,
           expires_at = NULL, rank = clock_timestamp() + j.priority * interval '10 minutes',
           args = COALESCE(%(args)s::jsonb, j.args),
           schema_version = COALESCE(%(schema_version)s::smallint, j.schema_version),
           limit_key = COALESCE(%(limit_key)s::text, j.limit_key),
           lane = CASE WHEN %(limit_key)s::text IS NULL THEN j.lane WHEN %(limit_key)s::text = '' THEN j.tenant
                       ELSE j.tenant || '/' || %(limit_key)s::text END
      FROM chosen
     WHERE j.id = chosen.id AND j.state = 7
    RETURNING j.id, j.queue, j.lane, j.rank, j.kind, chosen.deaths > 0 AS alone
), in_line AS (
    INSERT INTO jobs_ready (queue, lane, rank, id, kind, alone)
    SELECT queue, lane, rank, id, kind, alone FROM back ON CONFLICT DO NOTHING
), decided AS (
    UPDATE jobs_dead_letter SET decision = 'replayed', decided_at = clock_timestamp()
     WHERE job_id = ANY (ARRAY(SELECT id FROM back))
), from_the_start AS (
    DELETE FROM jobs_progress WHERE %(args)s::jsonb IS NOT NULL AND job_id = ANY (ARRAY(SELECT id FROM back))
)
SELECT id FROM back
