"""Minutes as the keeper counts them, and jobs that ended in them."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Sum

from apps.jobs import sql
from apps.jobs.models import Job, RolledUp, Rollup
from apps.jobs.states import State
from tests.jobs import steps

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
COUNTS = ("enqueued", "succeeded", "dead", "cancelled", "failed_attempts", "first_attempts")
ENOUGH_S = 60.0  # to come to the current minute in one call


def current_minute() -> datetime:
    [(now,)] = sql.run("clock", {})
    minute: datetime = now.replace(second=0, microsecond=0)
    return minute


def summed(*names: str, **where: Any) -> list[Any]:
    """Add what is counted, of minutes and hours alike."""
    sums = Rollup.objects.filter(**where).aggregate(**{f"all_{name}": Sum(name) for name in names})
    return [sums[f"all_{name}"] or 0 for name in names]


def ended(at: datetime, state: State = State.SUCCEEDED) -> UUID:
    """Let a job have ended at a moment."""
    job_id = steps.job_in(state).id
    Job.objects.filter(id=job_id).update(finished_at=at, started_at=at)
    return job_id


def is_next(at: datetime) -> None:
    """Let a minute be the one that is counted next."""
    RolledUp.objects.update_or_create(id=1, defaults={"next_at": at})


def a_minute(at: datetime, **numbers: Any) -> Rollup:
    return Rollup.objects.create(
        **{"seconds": 60, "at": at, "kind": "kinds.add", "queue": "default"} | numbers
    )
