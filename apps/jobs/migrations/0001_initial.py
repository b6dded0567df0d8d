import apps.lib.ids
import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from apps.jobs.partitioned import CreatePartitionedModel
from apps.jobs.keeper.partitions import make_weeks_ahead


# The line in front of the broker: exactly the jobs that are ready. A trigger fills it, so that no way of inserting a
# job (ORM, COPY, SQL) can forget it. Both throw-away tables are vacuumed early: they turn over with every job.
LINE = """
CREATE TABLE jobs_ready (
    queue text NOT NULL,
    rank timestamptz NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL,
    CONSTRAINT ready_place_in_line PRIMARY KEY (queue, rank, id)
);

CREATE FUNCTION job_stands_in_line() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO jobs_ready (queue, rank, id, kind) SELECT queue, rank, id, kind FROM made WHERE state = 1;
    RETURN NULL;
END $$;

CREATE TRIGGER job_stands_in_line AFTER INSERT ON jobs_job
    REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION job_stands_in_line();

ALTER TABLE jobs_ready SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
    autovacuum_vacuum_insert_threshold = -1, autovacuum_vacuum_cost_delay = 0, vacuum_truncate = off);
ALTER TABLE jobs_bundle SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000,
    autovacuum_vacuum_insert_threshold = -1, autovacuum_vacuum_cost_delay = 0, vacuum_truncate = off);
"""


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Ready',
            fields=[
                ('pk', models.CompositePrimaryKey('queue', 'rank', 'id', blank=True, editable=False, primary_key=True, serialize=False)),
                ('queue', models.TextField()),
                ('rank', models.DateTimeField()),
                ('id', models.UUIDField()),
                ('kind', models.TextField()),
            ],
            options={
                'db_table': 'jobs_ready',
                'ordering': ['queue', 'rank', 'id'],
                'managed': False,
            },
        ),
        migrations.CreateModel(
            name='Duty',
            fields=[
                ('name', models.TextField(primary_key=True, serialize=False)),
                ('keeper', models.TextField()),
                ('ran_at', models.DateTimeField()),
                ('took_ms', models.FloatField()),
                ('did', models.IntegerField(default=0)),
                ('error', models.TextField(default='')),
            ],
            options={
                'verbose_name_plural': 'duties',
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='Progress',
            fields=[
                ('job_id', models.UUIDField(primary_key=True, serialize=False)),
                ('attempt', models.IntegerField()),
                ('done', models.BigIntegerField(default=0)),
                ('total', models.BigIntegerField(null=True)),
                ('note', models.TextField(default='')),
                ('rate', models.FloatField(null=True)),
                ('cursor', models.JSONField(null=True)),
                ('updated_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='Worker',
            fields=[
                ('id', models.AutoField(primary_key=True, serialize=False)),
                ('name', models.TextField()),
                ('hostname', models.TextField()),
                ('pid', models.IntegerField()),
                ('queues', django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None)),
                ('concurrency', models.IntegerField()),
                ('started_at', models.DateTimeField()),
                ('heartbeat_at', models.DateTimeField()),
                ('stopped_at', models.DateTimeField(null=True)),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='Attempt',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('job_id', models.UUIDField()),
                ('number', models.IntegerField()),
                ('outcome', models.TextField(choices=[('failed', 'Failed'), ('lost', 'Lost'), ('handed back', 'Handed Back'), ('snoozed', 'Snoozed'), ('cancelled', 'Cancelled')])),
                ('worker_name', models.TextField(default='')),
                ('started_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField()),
                ('error_type', models.TextField(default='')),
                ('message', models.TextField(default='')),
                ('traceback', models.TextField(default='')),
            ],
            options={
                'ordering': ['id'],
                'indexes': [models.Index(models.F('job_id'), models.F('id'), name='attempt_by_job')],
            },
        ),
        migrations.CreateModel(
            name='Bundle',
            fields=[
                ('id', models.UUIDField(default=apps.lib.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('queue', models.TextField()),
                ('kind', models.TextField()),
                ('published_at', models.DateTimeField()),
                ('tries', models.SmallIntegerField(default=1)),
                ('ids', django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), size=None)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('ids__len__gte', 1), ('ids__len__lte', 500)), name='bundle_has_1_to_500_jobs')],
            },
        ),
        migrations.CreateModel(
            name='DeadLetter',
            fields=[
                ('job_id', models.UUIDField(primary_key=True, serialize=False)),
                ('kind', models.TextField()),
                ('fingerprint', models.TextField()),
                ('died_at', models.DateTimeField()),
                ('message', models.TextField()),
                ('evidence', models.JSONField()),
            ],
            options={
                'db_table': 'jobs_dead_letter',
                'ordering': ['-died_at'],
                'indexes': [models.Index(models.F('fingerprint'), models.F('job_id'), name='dead_letter_by_fingerprint')],
            },
        ),
        migrations.CreateModel(
            name='LogLine',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('job_id', models.UUIDField()),
                ('attempt', models.IntegerField()),
                ('at', models.DateTimeField()),
                ('level', models.TextField()),
                ('message', models.TextField()),
            ],
            options={
                'db_table': 'jobs_log_line',
                'ordering': ['id'],
                'indexes': [models.Index(models.F('job_id'), models.F('id'), name='log_line_by_job')],
            },
        ),
        CreatePartitionedModel(
            name='Job',
            fields=[
                ('id', models.UUIDField(default=apps.lib.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('enqueued_at', models.DateTimeField()),
                ('rank', models.DateTimeField()),
                ('owner', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('priority', models.SmallIntegerField(default=0)),
                ('max_attempts', models.SmallIntegerField(default=3)),
                ('kind', models.TextField()),
                ('queue', models.TextField(default='default')),
                ('trigger', models.TextField(default='code')),
                ('subject', models.TextField(default='')),
                ('args', models.JSONField(default=dict)),
                ('run_after', models.DateTimeField(null=True)),
                ('started_at', models.DateTimeField(null=True)),
                ('finished_at', models.DateTimeField(null=True)),
                ('cancel_requested_at', models.DateTimeField(null=True)),
                ('worker', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='jobs.worker')),
                ('worker_pid', models.IntegerField(null=True)),
                ('state', models.SmallIntegerField(choices=[(0, 'scheduled'), (1, 'ready'), (2, 'queued'), (3, 'running'), (5, 'retrying'), (6, 'succeeded'), (7, 'dead'), (8, 'cancelled')], default=1)),
                ('attempt', models.IntegerField(default=0)),
                ('failures', models.SmallIntegerField(default=0)),
                ('deaths', models.SmallIntegerField(default=0)),
                ('lease', models.UUIDField(null=True)),
                ('fingerprint', models.TextField(default='')),
                ('result', models.JSONField(null=True)),
            ],
            options={
                'ordering': ['-id'],
                'indexes': [models.Index(models.F('kind'), models.F('id'), name='job_by_kind'), models.Index(models.F('owner'), models.F('id'), condition=models.Q(('owner__isnull', False)), name='job_by_owner'), models.Index(models.F('run_after'), models.F('id'), condition=models.Q(('run_after__isnull', False)), name='job_due')],
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', [0, 1, 2, 3, 5, 6, 7, 8])), name='job_state_is_known'), models.CheckConstraint(condition=models.Q(models.Q(('run_after__isnull', False), ('state__in', [0, 5])), models.Q(models.Q(('state__in', [0, 5]), _negated=True), ('run_after__isnull', True)), _connector='OR'), name='job_sleeps_until_run_after'), models.CheckConstraint(condition=models.Q(models.Q(('lease__isnull', False), ('started_at__isnull', False), ('state', 3)), models.Q(models.Q(('state', 3), _negated=True), ('lease__isnull', True)), _connector='OR'), name='job_runs_iff_it_holds_a_lease'), models.CheckConstraint(condition=models.Q(models.Q(('finished_at__isnull', False), ('state__in', [6, 7, 8])), models.Q(models.Q(('state__in', [6, 7, 8]), _negated=True), ('finished_at__isnull', True)), _connector='OR'), name='job_ended_iff_finished_at'), models.CheckConstraint(condition=models.Q(('attempt__gte', 0), ('deaths__gte', 0), ('failures__gte', 0), ('max_attempts__gte', 1)), name='job_counts_are_not_negative')],
            },
        ),
        migrations.RunSQL(LINE, "DROP TABLE jobs_ready; DROP FUNCTION job_stands_in_line() CASCADE"),
        migrations.RunPython(lambda *_: make_weeks_ahead() and None, migrations.RunPython.noop),
    ]
