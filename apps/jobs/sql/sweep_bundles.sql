-- Drop bundles whose jobs all left the broker's care: ended, sleeping again, or gone with an old week.
DELETE FROM jobs_bundle AS b
 WHERE b.published_at < clock_timestamp() - interval '1 second'
   AND NOT EXISTS (SELECT FROM jobs_job AS j WHERE j.id = ANY (b.ids) AND j.state IN (1, 2, 3))
