from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0008_line_stands'),
    ]

    operations = [
        migrations.CreateModel(
            name='Rollup',
            fields=[
                ('pk', models.CompositePrimaryKey('seconds', 'at', 'kind', 'queue', blank=True, editable=False, primary_key=True, serialize=False)),
                ('seconds', models.SmallIntegerField()),
                ('at', models.DateTimeField()),
                ('kind', models.TextField()),
                ('queue', models.TextField()),
                ('enqueued', models.IntegerField(default=0)),
                ('succeeded', models.IntegerField(default=0)),
                ('dead', models.IntegerField(default=0)),
                ('cancelled', models.IntegerField(default=0)),
                ('failed_attempts', models.IntegerField(default=0)),
                ('first_attempts', models.IntegerField(default=0)),
                ('waited_s', models.FloatField(default=0)),
                ('ran_s', models.FloatField(default=0)),
                ('slowest_s', models.FloatField(default=0)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('seconds__in', [60, 3600])), name='rollup_spans_a_minute_or_an_hour'), models.CheckConstraint(condition=models.Q(('cancelled__gte', 0), ('dead__gte', 0), ('enqueued__gte', 0), ('failed_attempts__gte', 0), ('first_attempts__gte', 0), ('ran_s__gte', 0), ('slowest_s__gte', 0), ('succeeded__gte', 0), ('waited_s__gte', 0)), name='rollup_counts_are_not_negative')],
            },
        ),
        migrations.CreateModel(
            name='RolledUp',
            fields=[
                ('id', models.SmallIntegerField(primary_key=True, serialize=False)),
                ('next_at', models.DateTimeField()),
            ],
            options={
                'db_table': 'jobs_rolled_up',
                'constraints': [models.CheckConstraint(condition=models.Q(('id', 1)), name='rolled_up_is_one_row')],
            },
        ),
    ]
