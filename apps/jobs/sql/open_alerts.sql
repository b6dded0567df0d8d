-- Open the alerts whose cause has lasted for a while.
UPDATE jobs_alert SET opened_at = clock_timestamp()
 WHERE opened_at IS NULL AND since <= clock_timestamp() - %(lasting)s * interval '1 second'
RETURNING id
