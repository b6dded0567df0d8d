-- Open the alerts whose cause holds and was first seen a while ago; short absences in between do not count.
UPDATE jobs_alert SET opened_at = clock_timestamp()
 WHERE opened_at IS NULL AND absent_since IS NULL AND since <= clock_timestamp() - %(lasting)s * interval '1 second'
RETURNING id
