-- Lock plans whose moment has come, and their schedules, whose run counts change with them. Nothing is waited for:
-- what another beat or an editor holds is left for the next round. A beat that freezes here loses its locks in 5 s.
-- now() and not clock_timestamp(): only a stable function can be looked up in the index.
SELECT plan.schedule_id, clock_timestamp()
  FROM schedules_plan AS plan
  JOIN django_celery_beat_periodictask AS task ON task.id = plan.schedule_id
 WHERE plan.next_at <= now() AND NOT plan.edited
   AND (SELECT set_config('idle_in_transaction_session_timeout', '5s', true)) IS NOT NULL
 ORDER BY plan.next_at LIMIT %(batch)s FOR NO KEY UPDATE SKIP LOCKED
