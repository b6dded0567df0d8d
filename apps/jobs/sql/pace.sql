-- Remember how long jobs of a kind take: a moving average that forgets the oldest after some hundred jobs.
INSERT INTO jobs_pace AS p (kind, mean_s, jobs, updated_at)
SELECT %(kind)s, %(seconds)s / %(jobs)s, %(jobs)s, clock_timestamp()
 WHERE {asynchronous_commit}
ON CONFLICT (kind) DO UPDATE
   SET mean_s = p.mean_s + (excluded.mean_s - p.mean_s) * least(1.0, greatest(0.2, excluded.jobs / 500.0)),
       jobs = p.jobs + excluded.jobs, updated_at = excluded.updated_at
