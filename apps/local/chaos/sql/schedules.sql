-- Make the schedules of a trial, as the admin would; triggers tell beat of them.
WITH wanted AS (
    SELECT * FROM jsonb_to_recordset(%s::jsonb)
        AS w (name text, task text, line text, zone text, every int, missed text, cap int, start_time timestamptz)
), span AS (
    INSERT INTO django_celery_beat_intervalschedule (every, period)
    SELECT DISTINCT every, 'seconds' FROM wanted WHERE every IS NOT NULL
    RETURNING id, every
), crontab AS (
    INSERT INTO django_celery_beat_crontabschedule (minute, hour, day_of_month, month_of_year, day_of_week, timezone)
    SELECT DISTINCT split_part(line, ' ', 1), split_part(line, ' ', 2), split_part(line, ' ', 3),
                    split_part(line, ' ', 4), split_part(line, ' ', 5), zone
      FROM wanted WHERE line IS NOT NULL
    RETURNING id, concat_ws(' ', minute, hour, day_of_month, month_of_year, day_of_week) AS line, timezone AS zone
), task AS (
    INSERT INTO django_celery_beat_periodictask
           (name, task, args, kwargs, headers, enabled, one_off, total_run_count, date_changed, description, start_time,
            interval_id, crontab_id)
    SELECT name, task, '[]', '{}', '{}', true, false, 0, now(), '', start_time, span.id, crontab.id
      FROM wanted LEFT JOIN span USING (every) LEFT JOIN crontab USING (line, zone)
    RETURNING id, name
), policy AS (
    INSERT INTO schedules_policy (schedule_id, missed, missed_cap)
    SELECT task.id, missed, cap FROM task JOIN wanted USING (name)
)
SELECT name, id FROM task
