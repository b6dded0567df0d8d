-- Close the alerts of schedules that run again, or that nobody wants to run any more.
UPDATE schedules_alert SET closed_at = clock_timestamp()
 WHERE closed_at IS NULL
   AND NOT EXISTS (
       SELECT FROM schedules_plan AS plan
         JOIN django_celery_beat_periodictask AS task ON task.id = plan.schedule_id
        WHERE plan.schedule_id = schedules_alert.schedule_id AND task.enabled
          AND (plan.problem <> '' OR plan.next_at < clock_timestamp() - interval '1 minute'))
RETURNING schedule_id, name
