-- End the session that holds the leader's lock and asked nothing for long; one whose statement runs is at work.
SELECT pg_terminate_backend(a.pid)
  FROM pg_locks AS l JOIN pg_stat_activity AS a ON a.pid = l.pid
 WHERE l.locktype = 'advisory' AND l.classid = 0 AND l.objid = %(lock)s AND l.granted AND l.pid <> pg_backend_pid()
   AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
   AND (a.state <> 'active' OR a.wait_event_type = 'Client')
   AND a.state_change < clock_timestamp() - %(patience)s * interval '1 second'
