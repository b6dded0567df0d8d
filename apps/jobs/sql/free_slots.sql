-- Free places of limits whose job is neither in the window nor running, however it got away. The window is read through
-- its bundles; a place that was taken just now is left alone, since its bundle may be younger than this look.
DELETE FROM jobs_slot AS s
 WHERE s.taken_at < clock_timestamp() - interval '5 seconds'
   AND NOT EXISTS (SELECT FROM jobs_job AS j WHERE j.id = s.job_id AND j.state = 3)
   AND NOT EXISTS (SELECT FROM jobs_bundle AS b JOIN jobs_job AS j ON j.id = ANY (b.ids)
                    WHERE s.job_id = ANY (b.ids) AND j.id = s.job_id AND j.state IN (1, 2, 3))
RETURNING s.job_id
