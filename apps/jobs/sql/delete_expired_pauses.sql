-- Delete pauses whose time has come. The ORM would send signals: no code of the project runs in the keeper.
DELETE FROM jobs_pause WHERE until <= now() RETURNING name
