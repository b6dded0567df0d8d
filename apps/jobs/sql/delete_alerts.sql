-- Delete alerts that have closed. The ORM would send signals: no code of the project runs in the keeper.
DELETE FROM jobs_alert WHERE id = ANY(%(ids)s) RETURNING id
