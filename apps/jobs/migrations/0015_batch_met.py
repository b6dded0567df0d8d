from django.db import migrations, models

from apps.jobs.soon import RunSoon


# A keeper of the release before leaves both columns alone: a way that it went part of is gone again.
class Migration(migrations.Migration):

    atomic = False  # the lock is waited for only a moment, since who opens a batch would wait behind us

    dependencies = [
        ("jobs", "0014_versions_that_a_worker_reads"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                RunSoon(
                    "ALTER TABLE jobs_batch ADD COLUMN IF NOT EXISTS met bigint DEFAULT 0 NOT NULL,"
                    " ADD COLUMN IF NOT EXISTS met_before bigint",
                    "ALTER TABLE jobs_batch DROP COLUMN met, DROP COLUMN met_before",
                ),
            ],
            state_operations=[
                migrations.AddField("batch", "met", models.BigIntegerField(db_default=0, default=0)),
                migrations.AddField("batch", "met_before", models.BigIntegerField(null=True)),
            ],
        ),
    ]
