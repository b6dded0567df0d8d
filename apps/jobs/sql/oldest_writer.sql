-- When the oldest transaction began that wrote jobs and is open. To be asked before the statement that counts: one that
-- ends in between is known, and one that begins in between is young.
SELECT min(session.xact_start)
  FROM pg_locks AS held JOIN pg_stat_activity AS session USING (pid)
 WHERE held.locktype = 'relation' AND held.relation = 'jobs_job'::regclass AND held.mode = 'RowExclusiveLock'
   AND held.granted AND pid <> pg_backend_pid()
   AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database())
