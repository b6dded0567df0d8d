-- Lock plans that were edited. Their details are read by a later statement, whose snapshot is newer than the lock:
-- an edit that commits in between is seen, one that comes later waits and marks the plan again.
SELECT schedule_id, clock_timestamp()
  FROM schedules_plan
 WHERE edited AND (SELECT set_config('idle_in_transaction_session_timeout', '5s', true)) IS NOT NULL
 ORDER BY schedule_id LIMIT %(batch)s FOR UPDATE SKIP LOCKED
