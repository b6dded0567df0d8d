-- Write that a worker lives, also when it had been taken for dead; a crash of the database may lose it.
UPDATE jobs_worker SET heartbeat_at = clock_timestamp(), stopped_at = NULL, has_lock = %(has_lock)s
 WHERE id = %(id)s AND pid = %(pid)s AND {asynchronous_commit}
RETURNING id
