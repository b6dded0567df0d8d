-- Find bundles whose message must have been lost: nobody claimed them in time. Wait longer each time,
-- since a busy worker's prefetched messages look lost too.
WITH lost AS (
    SELECT id FROM jobs_bundle AS b
     WHERE b.published_at < clock_timestamp() - least(%(patience)s * 2.0 ^ (b.tries - 1), 300) * interval '1 second'
       AND EXISTS (SELECT FROM jobs_job AS j WHERE j.id = ANY (b.ids) AND j.state IN (1, 2))
       AND NOT EXISTS (SELECT FROM jobs_job AS j WHERE j.id = ANY (b.ids) AND j.state = 3)
     ORDER BY b.published_at LIMIT %(batch)s FOR UPDATE SKIP LOCKED
)
UPDATE jobs_bundle AS b
   SET published_at = clock_timestamp(), tries = least(b.tries + 1, 12)
  FROM lost WHERE b.id = lost.id
RETURNING b.id, b.kind, b.queue, b.ids
