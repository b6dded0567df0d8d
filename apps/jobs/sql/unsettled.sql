-- Find jobs that ended badly while others wait for them, longest first.
SELECT job_id FROM jobs_unsettled WHERE due_at <= statement_timestamp() ORDER BY due_at LIMIT %(batch)s
