-- Be the only one who relays until this transaction ends: what limits count is exact then. False: another does.
-- And look at the head of a queue's line: is it longer than its window has room for, and which kinds come next?
-- And have the next statements planned without nested loops over their own steps, whose sizes the planner cannot guess:
-- it takes thousands of rows for one, and a minute for what takes milliseconds. Nobody waits until the move is on the
-- disk: lost by a crash of the database, the jobs stand in line again and their messages are stale.
WITH head AS (
    SELECT kind FROM jobs_ready WHERE queue = %(queue)s ORDER BY queue, lane, rank, id LIMIT %(room)s + 1
), turn AS (
    SELECT lane FROM jobs_lane
     WHERE queue = %(queue)s AND has_ready AND (blocked_until IS NULL OR blocked_until <= clock_timestamp())
     ORDER BY vtime, lane LIMIT %(room)s
), next AS (
    SELECT first.kind FROM turn CROSS JOIN LATERAL (
           SELECT kind FROM jobs_ready AS r WHERE r.queue = %(queue)s AND r.lane = turn.lane
            ORDER BY rank, id LIMIT 1) AS first
)
SELECT pg_try_advisory_xact_lock(%(lock)s),
       (SELECT count(*) FROM head) > %(room)s, ARRAY(SELECT kind FROM head UNION SELECT kind FROM next),
       set_config('enable_nestloop', 'off', true), set_config('synchronous_commit', 'off', true)
