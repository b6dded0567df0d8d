-- Change what a job that sleeps between two attempts runs with next: null leaves it as it is. Other arguments may count
-- against another limit, in whose lane it stands then.
UPDATE jobs_job
   SET args = COALESCE(%(args)s::jsonb, args), schema_version = COALESCE(%(schema_version)s::smallint, schema_version),
       limit_key = COALESCE(%(limit_key)s::text, limit_key),
       lane = CASE WHEN %(limit_key)s::text IS NULL THEN lane WHEN %(limit_key)s::text = '' THEN tenant
                   ELSE tenant || '/' || %(limit_key)s::text END,
       queue = COALESCE(%(queue)s::text, queue),
       rank = rank + (COALESCE(%(priority)s::int, priority) - priority) * interval '10 minutes',
       priority = COALESCE(%(priority)s::int, priority)
 WHERE id = %(id)s AND run_after IS NOT NULL
