"""maintenance.alerts: write to the admins when jobs do not start."""

from datetime import timedelta

from apps.jobs import RetryPolicy, Unique, job
from apps.jobs.states import State
from apps.maintenance.alert_mail import mail_admins
from apps.maintenance.events import AlertOpened


@job(
    "maintenance.alerts",
    on=AlertOpened,
    retry=RetryPolicy(max_attempts=8, first=timedelta(minutes=1)),
    timeout=timedelta(minutes=2),
    # Several alerts at once are one mail; what opens while it is written has one of its own.
    unique=Unique(states=frozenset({State.SCHEDULED, State.READY, State.QUEUED, State.RETRYING})),
    limit="6/hour",
)
def alerts() -> str:
    """Write to the admins about everything that keeps jobs from starting."""
    return mail_admins()
