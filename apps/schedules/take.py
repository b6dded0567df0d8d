"""Take moments of schedules: write each down with what comes of it, unless somebody took it before."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from apps.schedules import sql
from apps.schedules.models.moment import Moment


class NewMoment(NamedTuple):
    """A moment as it is about to be written down."""

    schedule_id: int
    at: datetime
    outcome: Moment.Outcome
    job_id: UUID | None = None
    missed_since: datetime | None = None


def take(moments: Sequence[NewMoment], beat: str) -> dict[int, int]:
    """Write moments down, one of each schedule; return the ids of those that were free, by schedule."""
    params = {
        "beat": beat,
        "schedule_ids": [moment.schedule_id for moment in moments],
        "ats": [moment.at for moment in moments],
        "job_ids": [moment.job_id for moment in moments],
        "missed_since": [moment.missed_since for moment in moments],
        "outcomes": [moment.outcome for moment in moments],
    }
    return dict(sql.run("take_moments", params))
