-- End the sessions that hold the rows of dead workers' jobs in a transaction in which nothing has been asked for a
-- while: their processes are frozen, and until they wake nobody could take the jobs back.
-- A row's xmax is who locked it, and whoever has a number of a transaction holds its lock, also within a savepoint.
SELECT pg_terminate_backend(session.pid)
  FROM jobs_bundle AS b
 CROSS JOIN LATERAL (SELECT xmax FROM jobs_job
                      WHERE id = ANY (b.ids) AND state = 3 AND worker_id = ANY (%(workers)s)) AS job
  JOIN pg_locks AS held ON held.locktype = 'transactionid' AND held.transactionid = job.xmax AND held.granted
  JOIN pg_stat_activity AS session ON session.pid = held.pid
 WHERE session.pid <> pg_backend_pid()
   AND (session.state <> 'active' OR session.wait_event_type = 'Client')
   AND session.state_change < clock_timestamp() - %(patience)s * interval '1 second'
