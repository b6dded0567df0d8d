import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0002_fairness_limits_and_keys'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Replay',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('asked_at', models.DateTimeField()),
                ('actor_name', models.TextField()),
                ('reason', models.TextField()),
                ('filter', models.JSONField()),
                ('edited_args', models.JSONField(null=True)),
                ('canary', models.IntegerField(default=0)),
                ('per_minute', models.IntegerField(null=True)),
                ('stop_at_percent', models.SmallIntegerField(default=20)),
                ('stage', models.TextField(choices=[('going', 'Going'), ('done', 'Done'), ('stopped', 'Stopped')], default='going')),
                ('stopped_because', models.TextField(default='')),
                ('total', models.IntegerField()),
                ('sent', models.IntegerField(default=0)),
                ('ended_well', models.IntegerField(default=0)),
                ('died_again', models.IntegerField(default=0)),
                ('skipped', models.IntegerField(default=0)),
                ('sent_at', models.DateTimeField(null=True)),
                ('looked_at', models.UUIDField(null=True)),
                ('ended_at', models.DateTimeField(null=True)),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='Replayed',
            fields=[
                ('pk', models.CompositePrimaryKey('replay', 'job_id', blank=True, editable=False, primary_key=True, serialize=False)),
                ('replay', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='jobs', to='jobs.replay')),
                ('job_id', models.UUIDField()),
                ('became', models.SmallIntegerField(choices=[(0, 'waits for its turn'), (1, 'in line again'), (2, 'ended well'), (3, 'died again'), (4, 'not followed any further')], default=0)),
                ('sent_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.AlterModelOptions(
            name='deadletter',
            options={'ordering': ['-died_at'], 'permissions': [('replay_deadletter', 'Can replay dead letters'), ('discard_deadletter', 'Can discard dead letters')]},
        ),
        migrations.AlterModelOptions(
            name='job',
            options={'ordering': ['-id'], 'permissions': [('cancel_job', 'Can cancel jobs of others'), ('retry_job', 'Can run jobs of others now or again')]},
        ),
        migrations.AlterModelOptions(
            name='pause',
            options={'permissions': [('pause_queue', 'Can pause and resume queues and kinds')], 'verbose_name_plural': 'queues and kinds'},
        ),
        migrations.AddField(
            model_name='deadletter',
            name='attempts',
            field=models.IntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name='deadletter',
            name='decided_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='deadletter',
            name='decision',
            field=models.TextField(blank=True, choices=[('', 'open'), ('replayed', 'Replayed'), ('discarded', 'Discarded')], db_default='', default=''),
        ),
        migrations.AddField(
            model_name='deadletter',
            name='tenant',
            field=models.TextField(db_default='', default=''),
        ),
        migrations.AddField(
            model_name='deadletter',
            name='version',
            field=models.TextField(db_default='', default=''),
        ),
        migrations.AddField(
            model_name='deadletter',
            name='worker_name',
            field=models.TextField(db_default='', default=''),
        ),
        migrations.AddField(
            model_name='worker',
            name='kinds',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), db_default=[], default=list, size=None),
        ),
        migrations.AddField(
            model_name='worker',
            name='version',
            field=models.TextField(db_default='', default=''),
        ),
        migrations.AddIndex(
            model_name='deadletter',
            index=models.Index(models.F('kind'), models.F('job_id'), name='dead_letter_by_kind'),
        ),
        migrations.AddIndex(
            model_name='deadletter',
            index=models.Index(models.F('died_at'), condition=models.Q(('decided_at__isnull', True)), name='dead_letter_open'),
        ),
        migrations.AddConstraint(
            model_name='deadletter',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('decided_at__isnull', True), ('decision', '')), models.Q(('decided_at__isnull', False), ('decision__in', ['replayed', 'discarded'])), _connector='OR'), name='dead_letter_is_open_or_decided'),
        ),
        migrations.AddField(
            model_name='replay',
            name='actor',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddIndex(
            model_name='replay',
            index=models.Index(models.F('id'), condition=models.Q(('stage', 'going')), name='replay_going'),
        ),
        migrations.AddConstraint(
            model_name='replay',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('ended_at__isnull', True), ('stage', 'going')), models.Q(('ended_at__isnull', False), ('stage__in', ['done', 'stopped'])), _connector='OR'), name='replay_ended_iff_ended_at'),
        ),
        migrations.AddConstraint(
            model_name='replay',
            constraint=models.CheckConstraint(condition=models.Q(('canary__gte', 0), ('stop_at_percent__range', (1, 100)), models.Q(('per_minute__isnull', True), ('per_minute__gte', 1), _connector='OR')), name='replay_pace_makes_sense'),
        ),
        migrations.AddIndex(
            model_name='replayed',
            index=models.Index(models.F('replay'), models.F('became'), models.F('job_id'), condition=models.Q(('became__in', [0, 1])), name='replayed_open_by_replay'),
        ),
        migrations.AddConstraint(
            model_name='replayed',
            constraint=models.UniqueConstraint(models.F('job_id'), condition=models.Q(('became__in', [0, 1])), name='replayed_once_at_a_time'),
        ),
    ]
