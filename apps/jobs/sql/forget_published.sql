-- Count every message that nobody claimed as lost, at once: the broker lost its data. A keeper that dies before it sent
-- them all leaves the rest to be found by the next.
UPDATE jobs_bundle SET published_at = published_at - interval '1 hour', tries = 0
 WHERE id = ANY (ARRAY(
       SELECT id FROM jobs_bundle AS b
        WHERE NOT EXISTS (SELECT FROM jobs_job AS j WHERE j.id = ANY (b.ids) AND j.state = 3)
          FOR UPDATE SKIP LOCKED))
