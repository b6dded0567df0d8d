-- The same for the latest jobs of every person who watches a list.
SELECT person.id, j.id, j.state, j.attempt, j.cancel_requested_at, p.updated_at
  FROM unnest(%(owners)s::bigint[]) AS person (id)
 CROSS JOIN LATERAL (SELECT id, state, attempt, cancel_requested_at FROM jobs_job
                      WHERE owner_id = person.id ORDER BY id DESC LIMIT %(most)s) AS j
  LEFT JOIN jobs_progress AS p ON p.job_id = j.id
 ORDER BY person.id, j.id DESC
