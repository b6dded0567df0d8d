-- Give a plan to schedules that came without our triggers, as from a restored dump; try set-aside ones again.
WITH missing AS (
    INSERT INTO schedules_plan (schedule_id, edited, timing, problem)
    SELECT task.id, true, '', '' FROM django_celery_beat_periodictask AS task
     WHERE NOT EXISTS (SELECT FROM schedules_plan WHERE schedule_id = task.id)
    ON CONFLICT (schedule_id) DO NOTHING
)
UPDATE schedules_plan SET edited = true WHERE problem <> ''
