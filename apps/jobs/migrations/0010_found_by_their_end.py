from django.contrib.postgres.indexes import BrinIndex
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations

from apps.jobs.partitioned_index import AddIndexToPartitions


# What ended in a minute is found by block ranges: no other index may name a column that finish changes. Ranges are
# summarized soon after they are full; with smaller ones, 20,000 jobs a second would ask for more of that than
# PostgreSQL remembers, and fill its log.
class Migration(migrations.Migration):

    atomic = False  # built beside running jobs; run again after it was cut off, it goes on

    dependencies = [
        ('jobs', '0009_rollups'),
    ]

    operations = [
        AddIndexToPartitions(
            model_name='job',
            index=BrinIndex(autosummarize=True, fields=['finished_at'], name='job_by_finished_at', pages_per_range=128),
        ),
        # An index that is invalid would keep its name for ever.
        migrations.RunSQL('DROP INDEX CONCURRENTLY IF EXISTS attempt_by_ended_at', migrations.RunSQL.noop),
        AddIndexConcurrently(
            model_name='attempt',
            index=BrinIndex(autosummarize=True, fields=['ended_at'], name='attempt_by_ended_at', pages_per_range=128),
        ),
    ]
