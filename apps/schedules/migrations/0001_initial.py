import django.db.models.deletion
from django.db import migrations, models


# Whatever edits a schedule (admin, QuerySet.update, bulk_create, SQL), its plan is marked in the same transaction.
# A schedule's other columns (description, run counts) change nothing about when it runs.
MARK_EDITS = """
CREATE FUNCTION schedules_are_new() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO schedules_plan (schedule_id, edited, timing, problem) SELECT id, true, '', '' FROM made
        ON CONFLICT (schedule_id) DO UPDATE SET edited = true;
    RETURN NULL;
END $$;

CREATE FUNCTION schedules_were_edited() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE schedules_plan SET edited = true
      FROM was JOIN made USING (id)
     WHERE schedule_id = made.id
       AND (was.enabled, was.task, was.args, was.kwargs, was.headers, was.priority, was.queue, was.start_time, was.expires, was.one_off,
            was.crontab_id, was.interval_id, was.clocked_id, was.solar_id)
           IS DISTINCT FROM
           (made.enabled, made.task, made.args, made.kwargs, made.headers, made.priority, made.queue, made.start_time, made.expires, made.one_off,
            made.crontab_id, made.interval_id, made.clocked_id, made.solar_id);
    RETURN NULL;
END $$;

CREATE FUNCTION schedules_are_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM schedules_plan WHERE schedule_id IN (SELECT id FROM was);
    RETURN NULL;
END $$;

CREATE FUNCTION schedules_timing_was_edited() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format(
        'UPDATE schedules_plan SET edited = true FROM django_celery_beat_periodictask AS task '
        'WHERE task.id = schedule_id AND task.%I IN (SELECT id FROM made)', TG_ARGV[0]);
    RETURN NULL;
END $$;

CREATE TRIGGER schedules_are_new AFTER INSERT ON django_celery_beat_periodictask
    REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION schedules_are_new();
CREATE TRIGGER schedules_were_edited AFTER UPDATE ON django_celery_beat_periodictask
    REFERENCING OLD TABLE AS was NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION schedules_were_edited();
CREATE TRIGGER schedules_are_gone AFTER DELETE ON django_celery_beat_periodictask
    REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION schedules_are_gone();
CREATE TRIGGER schedules_timing_was_edited AFTER UPDATE ON django_celery_beat_crontabschedule
    REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION schedules_timing_was_edited('crontab_id');
CREATE TRIGGER schedules_timing_was_edited AFTER UPDATE ON django_celery_beat_intervalschedule
    REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION schedules_timing_was_edited('interval_id');
CREATE TRIGGER schedules_timing_was_edited AFTER UPDATE ON django_celery_beat_clockedschedule
    REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION schedules_timing_was_edited('clocked_id');

INSERT INTO schedules_plan (schedule_id, edited, timing, problem)
    SELECT id, true, '', '' FROM django_celery_beat_periodictask;
"""

FORGET_EDITS = """
DROP FUNCTION schedules_are_new() CASCADE;
DROP FUNCTION schedules_were_edited() CASCADE;
DROP FUNCTION schedules_are_gone() CASCADE;
DROP FUNCTION schedules_timing_was_edited() CASCADE;
"""


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('django_celery_beat', '0019_alter_periodictasks_options'),
    ]

    operations = [
        migrations.CreateModel(
            name='Beat',
            fields=[
                ('id', models.AutoField(primary_key=True, serialize=False)),
                ('name', models.TextField()),
                ('started_at', models.DateTimeField()),
                ('heartbeat_at', models.DateTimeField()),
                ('stopped_at', models.DateTimeField(null=True)),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='Declaration',
            fields=[
                ('kind', models.TextField(primary_key=True, serialize=False)),
                ('line', models.TextField()),
                ('timezone', models.TextField()),
                ('schedule', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='declaration', to='django_celery_beat.periodictask')),
            ],
        ),
        migrations.CreateModel(
            name='Plan',
            fields=[
                ('schedule', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, primary_key=True, related_name='plan', serialize=False, to='django_celery_beat.periodictask')),
                ('edited', models.BooleanField(default=True)),
                ('timing', models.TextField(default='')),
                ('next_at', models.DateTimeField(null=True)),
                ('problem', models.TextField(default='')),
            ],
            options={
                'indexes': [models.Index(models.F('next_at'), condition=models.Q(('next_at__isnull', False)), name='plan_due'), models.Index(models.F('schedule'), condition=models.Q(('edited', True)), name='plan_edited'), models.Index(models.F('schedule'), condition=models.Q(('problem', ''), _negated=True), name='plan_with_a_problem')],
            },
        ),
        migrations.CreateModel(
            name='Moment',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('at', models.DateTimeField()),
                ('fired_at', models.DateTimeField()),
                ('beat', models.TextField()),
                ('job_id', models.UUIDField(null=True)),
                ('missed_since', models.DateTimeField(null=True)),
                ('schedule', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='moments', to='django_celery_beat.periodictask')),
            ],
            options={
                'ordering': ['-id'],
                'constraints': [models.UniqueConstraint(models.F('schedule'), models.F('at'), name='a_schedule_takes_each_moment_once')],
            },
        ),
        migrations.RunSQL(MARK_EDITS, FORGET_EDITS),
    ]
