from django.db import migrations, models
import django.db.models.deletion


# Versions hold more than a plan follows from: now whatever a person may edit marks a schedule, so that beat looks
# at it. What beat itself writes (when it last ran, how often) does not.
MARK_MORE = """
CREATE OR REPLACE FUNCTION schedules_were_edited() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE schedules_plan SET edited = true
      FROM was JOIN made USING (id)
     WHERE schedule_id = made.id
       AND (was.enabled, was.task, was.args, was.kwargs, was.headers, was.priority, was.queue, was.start_time, was.expires, was.one_off,
            was.crontab_id, was.interval_id, was.clocked_id, was.solar_id,
            was.name, was.description, was.exchange, was.routing_key, was.expire_seconds)
           IS DISTINCT FROM
           (made.enabled, made.task, made.args, made.kwargs, made.headers, made.priority, made.queue, made.start_time, made.expires, made.one_off,
            made.crontab_id, made.interval_id, made.clocked_id, made.solar_id,
            made.name, made.description, made.exchange, made.routing_key, made.expire_seconds);
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION schedules_are_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM schedules_plan WHERE schedule_id IN (SELECT id FROM was);
    DELETE FROM schedules_policy WHERE schedule_id IN (SELECT id FROM was);
    INSERT INTO schedules_version (schedule_id, name, at, by, how, document)
    SELECT DISTINCT ON (last.schedule_id) last.schedule_id, last.name, clock_timestamp(), '', 'deleted', last.document
      FROM schedules_version AS last JOIN was ON was.id = last.schedule_id
     ORDER BY last.schedule_id, last.id DESC;
    RETURN NULL;
END $$;

UPDATE schedules_plan SET edited = true;  -- beat writes down what each says now
"""

MARK_LESS = """
CREATE OR REPLACE FUNCTION schedules_were_edited() RETURNS trigger LANGUAGE plpgsql AS $$
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

CREATE OR REPLACE FUNCTION schedules_are_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM schedules_plan WHERE schedule_id IN (SELECT id FROM was);
    DELETE FROM schedules_policy WHERE schedule_id IN (SELECT id FROM was);
    RETURN NULL;
END $$;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('django_celery_beat', '0019_alter_periodictasks_options'),
        ('schedules', '0003_moment_undecided'),
    ]

    operations = [
        migrations.CreateModel(
            name='Version',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('name', models.TextField()),
                ('at', models.DateTimeField()),
                ('by', models.TextField(default='')),
                ('how', models.TextField(choices=[('admin', 'in the admin'), ('code', 'by the code'), ('file', 'from a file'), ('roll back', 'rolled back'), ('elsewhere', 'outside the admin'), ('deleted', 'deleted')])),
                ('document', models.JSONField()),
                ('schedule', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='versions', to='django_celery_beat.periodictask')),
            ],
            options={
                'ordering': ['-id'],
                'indexes': [models.Index(models.F('schedule'), models.F('id'), name='version_by_schedule'), models.Index(models.F('name'), models.F('id'), name='version_by_name')],
            },
        ),
        migrations.CreateModel(
            name='Alert',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('name', models.TextField()),
                ('reason', models.TextField()),
                ('opened_at', models.DateTimeField()),
                ('closed_at', models.DateTimeField(null=True)),
                ('schedule', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='alerts', to='django_celery_beat.periodictask')),
            ],
            options={
                'ordering': ['-id'],
                'constraints': [models.UniqueConstraint(models.F('schedule'), condition=models.Q(('closed_at', None)), name='a_schedule_has_one_open_alert')],
            },
        ),
        migrations.RunSQL(MARK_MORE, MARK_LESS),
    ]
