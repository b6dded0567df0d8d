"""maintenance.database_backup: write a backup of the database."""

from datetime import timedelta

from apps.jobs import Context, RetryPolicy, Unique, job
from apps.maintenance.backup.run import make_backup


@job(
    "maintenance.database_backup",
    queue="maintenance",
    cron="30 2 * * *",
    retry=RetryPolicy(max_attempts=3, first=timedelta(minutes=5)),
    timeout=timedelta(hours=4),
    unique=Unique(),
    expires=timedelta(hours=12),  # then tonight's is nearer
)
def database_backup(ctx: Context) -> dict[str, object]:
    """Write a backup of the whole database, read it back, and delete backups that were kept long enough.

    A backup appears when it is whole. What a run that died left behind is removed by the next one.
    """
    return make_backup(ctx)
