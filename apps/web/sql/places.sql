-- How many jobs each waiting job has before it, counted up to 1,000.
-- First the window (handed to the broker, not claimed yet), then the line in front of it.
SELECT j.id,
       (SELECT count(*) FROM (
            SELECT FROM jobs_bundle AS b CROSS JOIN LATERAL unnest(b.ids) AS one (id)
              JOIN jobs_job AS o ON o.id = one.id
             WHERE b.queue = j.queue AND o.state IN (1, 2) AND o.id <> j.id
               AND (own.published_at IS NULL OR b.published_at < own.published_at) LIMIT 1000) AS sent)
       + (SELECT count(*) FROM (
            SELECT FROM jobs_ready AS r
             WHERE own.published_at IS NULL AND r.queue = j.queue AND (r.rank, r.id) < (j.rank, j.id)
             LIMIT 1000) AS standing) AS ahead
  FROM jobs_job AS j
  LEFT JOIN LATERAL (SELECT b.published_at FROM jobs_bundle AS b
                      WHERE b.queue = j.queue AND j.id = ANY (b.ids) LIMIT 1) AS own ON true
 WHERE j.id = ANY (%(ids)s) AND j.state IN (1, 2)
