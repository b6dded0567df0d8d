from django.db import migrations


# The last line against times that Python cannot hold: a trigger, since a constraint would also refuse to switch off a
# schedule that has such a time already, and could not compare with today.
REFUSE = """
SET LOCAL lock_timeout = '5s';

CREATE FUNCTION schedules_times_are_near() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    name text;
    made timestamptz;
    was timestamptz;
    first timestamptz := now() - interval '36526 days';
    last timestamptz := now() + interval '36526 days';
BEGIN
    FOREACH name IN ARRAY TG_ARGV LOOP
        made := (to_jsonb(NEW) ->> name)::timestamptz;
        was := CASE WHEN TG_OP = 'UPDATE' THEN (to_jsonb(OLD) ->> name)::timestamptz END;
        IF made NOT BETWEEN first AND last AND (was IS NULL OR was BETWEEN first AND last) THEN
            RAISE EXCEPTION 'Column % of table % holds a time that is more than 100 years away: %.',
                name, TG_TABLE_NAME, made
                USING ERRCODE = 'check_violation', CONSTRAINT = 'schedules_times_are_near',
                      TABLE = TG_TABLE_NAME, COLUMN = name, HINT = 'Write a time that is closer to today.';
        END IF;
    END LOOP;
    RETURN NEW;
END $$;

-- in the order in which a schedule is written
CREATE TRIGGER schedules_times_are_near BEFORE INSERT OR UPDATE OF clocked_time
    ON django_celery_beat_clockedschedule FOR EACH ROW
    EXECUTE FUNCTION schedules_times_are_near('clocked_time');
CREATE TRIGGER schedules_times_are_near BEFORE INSERT OR UPDATE OF start_time, expires
    ON django_celery_beat_periodictask FOR EACH ROW
    WHEN (NEW.start_time IS NOT NULL OR NEW.expires IS NOT NULL)
    EXECUTE FUNCTION schedules_times_are_near('start_time', 'expires');
CREATE TRIGGER schedules_times_are_near BEFORE INSERT OR UPDATE OF paused_until
    ON schedules_policy FOR EACH ROW WHEN (NEW.paused_until IS NOT NULL)
    EXECUTE FUNCTION schedules_times_are_near('paused_until');
"""

ALLOW = "DROP FUNCTION schedules_times_are_near() CASCADE"


class Migration(migrations.Migration):
    dependencies = [
        ('schedules', '0006_plain_labels'),
    ]

    operations = [
        migrations.RunSQL(REFUSE, ALLOW),
    ]
