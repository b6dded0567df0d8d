"""maintenance.missed_schedules: write to the admins when a schedule did not run."""

from datetime import timedelta

from apps.jobs import RetryPolicy, Unique, job
from apps.jobs.states import State
from apps.maintenance.missed_schedules import tell_admins
from apps.schedules.events import ScheduleMissed


@job(
    "maintenance.missed_schedules",
    on=ScheduleMissed,
    retry=RetryPolicy(max_attempts=8, first=timedelta(minutes=1)),
    timeout=timedelta(minutes=2),
    # A thousand at once are one letter; what comes while that is written has one of its own.
    unique=Unique(states=frozenset({State.SCHEDULED, State.READY, State.QUEUED, State.RETRYING})),
    limit="6/hour",
)
def missed_schedules() -> str:
    """Write to the admins about every schedule that did not run on time."""
    return tell_admins()
