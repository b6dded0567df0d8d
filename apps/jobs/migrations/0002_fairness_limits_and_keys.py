import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


# Lines get lanes, so that one tenant's million does not stand before another's first job. The old release keeps
# working: it inserts without a lane, and its relay reads the line in its own order.
LANES = """
ALTER TABLE jobs_ready ADD COLUMN lane text NOT NULL DEFAULT '', ADD COLUMN alone boolean NOT NULL DEFAULT false;
ALTER TABLE jobs_ready DROP CONSTRAINT ready_place_in_line;
ALTER TABLE jobs_ready ADD CONSTRAINT ready_place_in_line PRIMARY KEY (queue, lane, rank, id);

CREATE TABLE jobs_lane (
    queue text NOT NULL,
    lane text NOT NULL,
    vtime double precision NOT NULL DEFAULT 0,
    weight real NOT NULL DEFAULT 1,
    has_ready boolean NOT NULL DEFAULT true,
    blocked_until timestamptz,
    CONSTRAINT lane_is_unique PRIMARY KEY (queue, lane)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000,
        autovacuum_vacuum_cost_delay = 0, vacuum_truncate = off);

CREATE OR REPLACE FUNCTION job_stands_in_line() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO jobs_ready (queue, lane, rank, id, kind) SELECT queue, lane, rank, id, kind FROM made WHERE state = 1;
    RETURN NULL;
END $$;
"""

NO_LANES = """
CREATE OR REPLACE FUNCTION job_stands_in_line() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO jobs_ready (queue, rank, id, kind) SELECT queue, rank, id, kind FROM made WHERE state = 1;
    RETURN NULL;
END $$;
DROP TABLE jobs_lane;
ALTER TABLE jobs_ready DROP CONSTRAINT ready_place_in_line, DROP COLUMN lane, DROP COLUMN alone;
ALTER TABLE jobs_ready ADD CONSTRAINT ready_place_in_line PRIMARY KEY (queue, rank, id);
"""

# They turn over with the jobs, like the line itself.
TURNS_OVER = """
ALTER TABLE jobs_slot SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000,
    autovacuum_vacuum_cost_delay = 0, vacuum_truncate = off);
ALTER TABLE jobs_bucket SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
"""


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Lane',
            fields=[
                ('pk', models.CompositePrimaryKey('queue', 'lane', blank=True, editable=False, primary_key=True, serialize=False)),
                ('queue', models.TextField()),
                ('lane', models.TextField()),
                ('vtime', models.FloatField(default=0)),
                ('weight', models.FloatField(default=1)),
                ('has_ready', models.BooleanField(default=True)),
                ('blocked_until', models.DateTimeField(null=True)),
            ],
            options={
                'db_table': 'jobs_lane',
                'managed': False,
            },
        ),
        migrations.CreateModel(
            name='Action',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('at', models.DateTimeField()),
                ('actor_name', models.TextField()),
                ('verb', models.TextField()),
                ('subject', models.TextField()),
                ('count', models.IntegerField(default=1)),
                ('reason', models.TextField(default='')),
                ('details', models.JSONField(default=dict)),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='Bucket',
            fields=[
                ('key', models.TextField(primary_key=True, serialize=False)),
                ('tokens', models.FloatField()),
                ('refilled_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='Effect',
            fields=[
                ('key', models.TextField(primary_key=True, serialize=False)),
                ('job_id', models.UUIDField()),
                ('lease', models.UUIDField()),
                ('started_at', models.DateTimeField()),
                ('done_at', models.DateTimeField(null=True)),
                ('receipt', models.JSONField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='Pace',
            fields=[
                ('kind', models.TextField(primary_key=True, serialize=False)),
                ('mean_s', models.FloatField()),
                ('jobs', models.BigIntegerField(default=0)),
                ('updated_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='Parked',
            fields=[
                ('id', models.UUIDField(primary_key=True, serialize=False)),
                ('queue', models.TextField()),
                ('lane', models.TextField(db_default='', default='')),
                ('rank', models.DateTimeField()),
                ('kind', models.TextField()),
                ('alone', models.BooleanField(db_default=False, default=False)),
            ],
        ),
        migrations.CreateModel(
            name='Pause',
            fields=[
                ('pk', models.CompositePrimaryKey('scope', 'name', blank=True, editable=False, primary_key=True, serialize=False)),
                ('scope', models.TextField(choices=[('queue', 'Queue'), ('kind', 'Kind')])),
                ('name', models.TextField()),
                ('until', models.DateTimeField(null=True)),
                ('reason', models.TextField(db_default='', default='')),
                ('paused_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='Slot',
            fields=[
                ('job_id', models.UUIDField(primary_key=True, serialize=False)),
                ('key', models.TextField()),
                ('taken_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='UniqueKey',
            fields=[
                ('key', models.BinaryField(max_length=32, primary_key=True, serialize=False)),
                ('job_id', models.UUIDField()),
                ('until', models.DateTimeField(null=True)),
            ],
            options={
                'db_table': 'jobs_unique_key',
            },
        ),
        migrations.AlterModelOptions(
            name='ready',
            options={'managed': False, 'ordering': ['queue', 'lane', 'rank', 'id']},
        ),
        migrations.AddField(
            model_name='job',
            name='expires_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='job',
            name='lane',
            field=models.TextField(db_default='', default=''),
        ),
        migrations.AddField(
            model_name='job',
            name='limit_key',
            field=models.TextField(db_default='', default=''),
        ),
        migrations.AddField(
            model_name='job',
            name='options',
            field=models.JSONField(null=True),
        ),
        migrations.AddField(
            model_name='job',
            name='parent_id',
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(
            model_name='job',
            name='request_id',
            field=models.TextField(db_default='', default=''),
        ),
        migrations.AddField(
            model_name='job',
            name='schema_version',
            field=models.SmallIntegerField(db_default=1, default=1),
        ),
        migrations.AddField(
            model_name='job',
            name='tags',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), null=True, size=None),
        ),
        migrations.AddField(
            model_name='job',
            name='tenant',
            field=models.TextField(db_default='', default=''),
        ),
        migrations.AddIndex(
            model_name='job',
            index=models.Index(models.F('parent_id'), models.F('id'), condition=models.Q(('parent_id__isnull', False)), name='job_by_parent'),
        ),
        migrations.AddIndex(
            model_name='job',
            index=models.Index(models.F('expires_at'), models.F('id'), condition=models.Q(('expires_at__isnull', False)), name='job_expires'),
        ),
        migrations.AddField(
            model_name='action',
            name='actor',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddIndex(
            model_name='effect',
            index=models.Index(models.F('job_id'), name='effect_by_job'),
        ),
        migrations.AddIndex(
            model_name='parked',
            index=models.Index(models.F('kind'), models.F('id'), name='parked_by_kind'),
        ),
        migrations.AddField(
            model_name='pause',
            name='paused_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddIndex(
            model_name='slot',
            index=models.Index(models.F('key'), name='slot_by_key'),
        ),
        migrations.AddIndex(
            model_name='uniquekey',
            index=models.Index(models.F('until'), condition=models.Q(('until__isnull', False)), name='unique_key_until'),
        ),
        migrations.AddIndex(
            model_name='action',
            index=models.Index(models.F('subject'), models.F('id'), name='action_by_subject'),
        ),
        migrations.AddConstraint(
            model_name='pause',
            constraint=models.CheckConstraint(condition=models.Q(('scope__in', ['queue', 'kind'])), name='pause_stops_a_queue_or_a_kind'),
        ),
        migrations.RunSQL(LANES, NO_LANES),
        migrations.RunSQL(TURNS_OVER, migrations.RunSQL.noop),
    ]
