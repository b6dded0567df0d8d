-- Read schedules as plain text and numbers: a value that a model field would refuse must not stop the others.
SELECT task.id, task.name, task.task, task.enabled, task.description, task.args, task.kwargs,
       COALESCE(task.headers, ''), COALESCE(task.queue, ''), COALESCE(task.exchange, ''),
       COALESCE(task.routing_key, ''), task.priority, task.expire_seconds, task.expires, task.start_time,
       task.one_off,
       CASE WHEN crontab.id IS NOT NULL THEN ARRAY[crontab.minute, crontab.hour, crontab.day_of_month,
                 crontab.month_of_year, crontab.day_of_week, crontab.timezone]::text[] END,
       span.every, span.period, clocked.clocked_time,
       CASE WHEN solar.id IS NOT NULL THEN ARRAY[solar.event, solar.latitude::text, solar.longitude::text] END,
       plan.timing, plan.next_at, plan.problem, task.total_run_count, COALESCE(policy.missed, 'latest'),
       COALESCE(policy.missed_cap, 12), COALESCE(policy.overlap, 'allow'), COALESCE(policy.jitter_s, 0),
       policy.paused_until, policy.max_runs
  FROM django_celery_beat_periodictask AS task
  JOIN schedules_plan AS plan ON plan.schedule_id = task.id
  LEFT JOIN schedules_policy AS policy ON policy.schedule_id = task.id
  LEFT JOIN django_celery_beat_crontabschedule AS crontab ON crontab.id = task.crontab_id
  LEFT JOIN django_celery_beat_intervalschedule AS span ON span.id = task.interval_id
  LEFT JOIN django_celery_beat_clockedschedule AS clocked ON clocked.id = task.clocked_id
  LEFT JOIN django_celery_beat_solarschedule AS solar ON solar.id = task.solar_id
 WHERE task.id = ANY (%(ids)s)
 ORDER BY plan.next_at, task.id
