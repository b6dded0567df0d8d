-- Count the lanes of a queue in which somebody stands, up to a thousand, by jumping from one to the next.
WITH RECURSIVE present AS (
    (SELECT lane FROM jobs_ready WHERE queue = %(queue)s ORDER BY queue, lane LIMIT 1)
    UNION ALL
    SELECT following.lane FROM present
     CROSS JOIN LATERAL (SELECT r.lane FROM jobs_ready AS r WHERE r.queue = %(queue)s AND r.lane > present.lane
                          ORDER BY r.queue, r.lane LIMIT 1) AS following
)
SELECT count(*) FROM (SELECT FROM present LIMIT 1000) AS counted
