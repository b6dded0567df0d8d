-- Change what a job that sleeps between two attempts runs with next: null leaves it as it is.
UPDATE jobs_job
   SET args = COALESCE(%(args)s::jsonb, args), queue = COALESCE(%(queue)s::text, queue),
       rank = rank + (COALESCE(%(priority)s::int, priority) - priority) * interval '10 minutes',
       priority = COALESCE(%(priority)s::int, priority)
 WHERE id = %(id)s AND run_after IS NOT NULL
