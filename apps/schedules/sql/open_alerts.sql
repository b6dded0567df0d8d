-- Open an alert for each schedule that should have run more than a minute ago, or that was set aside.
INSERT INTO schedules_alert (schedule_id, name, reason, opened_at)
SELECT task.id, task.name,
       CASE WHEN plan.problem <> '' THEN 'It was set aside: ' || plan.problem
            ELSE 'It should have run at '
                 || COALESCE(to_char(plan.next_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"'), 'an unknown time')
                 || ', and no beat took that moment.' END,
       clock_timestamp()
  FROM schedules_plan AS plan JOIN django_celery_beat_periodictask AS task ON task.id = plan.schedule_id
 WHERE task.enabled AND (plan.problem <> '' OR plan.next_at < clock_timestamp() - interval '1 minute')
ON CONFLICT (schedule_id) WHERE closed_at IS NULL DO NOTHING
RETURNING schedule_id, name, reason
