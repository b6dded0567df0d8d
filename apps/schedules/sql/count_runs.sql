-- Count runs where the admin shows them; a schedule that ran as often as it may is switched off with its last run.
UPDATE django_celery_beat_periodictask AS task
   SET last_run_at = clock_timestamp(), total_run_count = LEAST(total_run_count + ran.times, 2147483647),
       enabled = enabled AND NOT one_off AND clocked_id IS NULL
                 AND (policy.max_runs IS NULL OR total_run_count + ran.times < policy.max_runs)
  FROM (SELECT id, count(*) AS times FROM unnest(%(ids)s::int[]) AS id GROUP BY id) AS ran
  LEFT JOIN schedules_policy AS policy ON policy.schedule_id = ran.id
 WHERE task.id = ran.id
