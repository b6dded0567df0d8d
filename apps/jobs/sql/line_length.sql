-- How many stand in a queue's line, if no more than so many? It reads no further.
SELECT count(*) FROM (SELECT FROM jobs_ready WHERE queue = %(queue)s LIMIT %(most)s) AS first
