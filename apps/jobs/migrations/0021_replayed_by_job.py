from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):

    atomic = False  # built beside running jobs

    dependencies = [
        ("jobs", "0020_order_of_workers"),
    ]

    operations = [
        # An index that is invalid would keep its name for ever.
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS replayed_by_job", migrations.RunSQL.noop),
        AddIndexConcurrently(
            model_name="replayed",
            index=models.Index("job_id", "replay", name="replayed_by_job"),
        ),
    ]
