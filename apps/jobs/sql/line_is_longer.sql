-- Is a queue's line longer than so many jobs? It reads no more than that.
SELECT count(*) > %(jobs)s FROM (SELECT FROM jobs_ready WHERE queue = %(queue)s LIMIT %(jobs)s + 1) AS first
