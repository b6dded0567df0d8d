-- Finish jobs of one claim, each with its own start and result, unless their lease was lost: those come back.
-- The ids are searched in the index's order, so two of these cannot wait for one another. `closes` is the bundle of
-- which nothing is left after this: it leaves the window in the same breath.
WITH done AS (
    UPDATE jobs_job
       SET state = 6, lease = NULL, finished_at = clock_timestamp(),
           (started_at, result) = (SELECT started_at + (its ->> 0)::float8 * interval '1 second', its -> 1
                                     FROM (SELECT %(outcomes)s::jsonb -> id::text AS its) AS outcome)
     WHERE id = ANY (%(ids)s::uuid[]) AND lease = %(lease)s AND state = 3
    RETURNING id
), freed AS (
    DELETE FROM jobs_slot WHERE job_id = ANY (%(limited)s::uuid[]) AND job_id IN (SELECT id FROM done)
), out_of_window AS (
    DELETE FROM jobs_bundle WHERE id = %(closes)s AND EXISTS (SELECT FROM done)
)
SELECT id FROM unnest(%(ids)s::uuid[]) AS given (id) WHERE id NOT IN (SELECT id FROM done)
