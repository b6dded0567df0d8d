from django.db import migrations, models

from apps.jobs.soon import RunSoon


class Migration(migrations.Migration):

    atomic = False  # the lock is waited for only a moment: another keeper may be counting

    dependencies = [
        ("jobs", "0015_batch_met"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                RunSoon(
                    "ALTER TABLE jobs_rolled_up ADD COLUMN IF NOT EXISTS open_since timestamptz",
                    "ALTER TABLE jobs_rolled_up DROP COLUMN open_since",
                ),
            ],
            state_operations=[
                migrations.AddField("rolledup", "open_since", models.DateTimeField(null=True)),
            ],
        ),
    ]
