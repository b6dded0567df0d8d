"""A ledger with jobs of long ago, as if Backline had run since, and its pruning."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import connection
from django.utils import timezone

from apps.jobs.keeper import old_weeks
from apps.jobs.keeper.partitions import week_name
from apps.jobs.keeper.prune_jobs import PruneJobs
from apps.jobs.models import Artifact, Attempt, Job, LogLine, Progress
from apps.jobs.states import State
from apps.lib.ids import first_id_of, new_id
from tests.jobs import steps

DAYS = 90
LONG_AGO = datetime.now(UTC) - timedelta(days=DAYS + 15)
OLD_WEEK = week_name(LONG_AGO)
NEXT_WEEK = week_name(LONG_AGO + timedelta(weeks=1))


def id_of(moment: datetime) -> UUID:
    """Make an id as if at another moment."""
    return UUID(int=first_id_of(moment).int | (new_id().int & ((1 << 80) - 1)))


def ended(state: State = State.SUCCEEDED, *, days: int = DAYS + 1) -> UUID:
    """Have a job of the old week end in a state, so many days ago."""
    claim = steps.running(id=id_of(LONG_AGO))
    steps.end(claim, state)
    Job.objects.filter(id=claim.id).update(finished_at=timezone.now() - timedelta(days=days))
    return claim.id


def pruned(prune: PruneJobs | None = None) -> int:
    """Let the duty go once round; return how much is gone."""
    prune = prune or PruneJobs(batch=2)
    gone = 0
    for _ in range(200):
        gone += prune()
        if prune._rests_until:
            return gone
    raise AssertionError("it does not come to an end")


def there() -> set[UUID]:
    """Return the jobs in the ledger."""
    return set(Job.objects.values_list("id", flat=True))


def names() -> list[str]:
    """Return the weeks that are part of the job table."""
    return [week.name for week in old_weeks.weeks() if week.is_attached]


def week_called(name: str) -> old_weeks.Week:
    """Return the week's table of this name."""
    return next(week for week in old_weeks.weeks() if week.name == name)


def leave_traces_of(job_id: UUID) -> None:
    """Have a job leave something in every other table."""
    now = timezone.now()
    LogLine.objects.bulk_create(
        LogLine(job_id=job_id, attempt=1, at=now, level="INFO", message="hello") for _ in range(3)
    )
    Attempt.objects.create(job_id=job_id, number=1, outcome="failed", started_at=now, ended_at=now)
    Progress.objects.get_or_create(job_id=job_id, defaults={"attempt": 1, "updated_at": now})
    Artifact.objects.get_or_create(
        job_id=job_id, name="a.csv", defaults={"path": f"{job_id}/a", "bytes": 1, "made_at": now}
    )


def forget_weeks() -> None:
    """Drop every week's table, however far out it is."""
    for week in old_weeks.weeks():
        with connection.cursor() as cursor:
            if week.is_leaving:
                cursor.execute(f"ALTER TABLE jobs_job DETACH PARTITION {week.name} FINALIZE")
            cursor.execute(f"DROP TABLE {week.name}")
