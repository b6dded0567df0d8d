-- Write that a beat lives; a crash of the database may lose it.
UPDATE schedules_beat SET heartbeat_at = clock_timestamp(), stopped_at = NULL
 WHERE id = %(id)s AND name = %(name)s AND {asynchronous_commit}
RETURNING id
