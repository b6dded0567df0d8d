-- Delete the marks of queues that the relay removed few rows from for a day.
DELETE FROM jobs_line_mark
 WHERE queue = ANY (ARRAY(SELECT queue FROM jobs_line_mark WHERE marked_at < clock_timestamp() - interval '1 day'
                             FOR UPDATE SKIP LOCKED))
RETURNING queue
