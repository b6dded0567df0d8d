-- Finish jobs of one claim, each with its own result and times, unless their lease was lost: then they do not come back.
-- The ids are searched in the index's order, so two of these cannot wait for one another. `closes` is the bundle of
-- which nothing is left after this: it leaves the window in the same breath.
WITH done AS (
    UPDATE jobs_job
       SET state = 6, lease = NULL,
           started_at = started_at + (%(began)s::float8[])[array_position(%(ids)s::uuid[], id)] * interval '1 second',
           finished_at = clock_timestamp(),
           result = (%(results)s::text[])[array_position(%(ids)s::uuid[], id)]::jsonb
     WHERE id = ANY (%(ids)s::uuid[]) AND lease = %(lease)s AND state = 3
    RETURNING id
), freed AS (
    DELETE FROM jobs_slot WHERE job_id = ANY (%(limited)s::uuid[]) AND job_id IN (SELECT id FROM done)
), out_of_window AS (
    DELETE FROM jobs_bundle WHERE id = %(closes)s AND EXISTS (SELECT FROM done)
)
SELECT id FROM done
