-- Look at the head of a queue's line: is it longer than its window has room for, and which kinds come next?
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
SELECT (SELECT count(*) FROM head) > %(room)s, ARRAY(SELECT kind FROM head UNION SELECT kind FROM next)
