"""maintenance.health_check: say whether the installation is well."""

from datetime import timedelta

from apps.jobs import RetryPolicy, Unique, job
from apps.maintenance.health.examine import examine


@job(
    "maintenance.health_check",
    cron="*/15 * * * *",
    # What is gone in half a minute, such as a restart, is nobody's trouble.
    retry=RetryPolicy(max_attempts=2, first=timedelta(seconds=30)),
    timeout=timedelta(minutes=1),
    unique=Unique(),
    expires=timedelta(minutes=10),
)
def health_check() -> dict[str, str]:
    """Ask database, broker, workers, keeper, beat, schedules, queues and pages whether they are well.

    When something is not, at two looks, the job ends as a dead letter that names it and how to mend it.
    """
    return examine()
