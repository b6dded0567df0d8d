-- All that a caller may ask of one job: where it stands, what came of it, its last trouble, what it made.
SELECT j.state, j.kind, j.result, j.args, j.failures, j.queue, j.finished_at, COALESCE(w.name, ''),
       j.options ->> 'replaced_by',
       CASE WHEN j.state = 7 THEN d.message ELSE a.message END,
       CASE WHEN j.state = 7 THEN d.evidence -> 'exception' END,
       CASE WHEN j.state = 7 THEN d.evidence ->> 'error_type' ELSE a.error_type END,
       CASE WHEN j.state = 7 THEN COALESCE(d.evidence ->> 'traceback', a.traceback) ELSE a.traceback END,
       p.done, p.total, p.note,
       CASE WHEN j.state IN (6, 7, 8)
            THEN ARRAY(SELECT c.id FROM jobs_job AS c WHERE c.parent_id = j.id ORDER BY c.id LIMIT 1000) END
  FROM jobs_job AS j
  LEFT JOIN jobs_worker AS w ON w.id = j.worker_id
  LEFT JOIN jobs_dead_letter AS d ON j.state = 7 AND d.job_id = j.id
  LEFT JOIN jobs_progress AS p ON j.state = 3 AND p.job_id = j.id
  LEFT JOIN LATERAL (SELECT message, error_type, traceback FROM jobs_attempt
                      WHERE j.state IN (5, 7, 8) AND job_id = j.id ORDER BY id DESC LIMIT 1) AS a ON true
 WHERE j.id = %(id)s
