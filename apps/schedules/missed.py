"""Decide what becomes of the moments that have come: run, or what the policy says of those that were missed.

Pure: it knows no database and no present.
"""

from datetime import datetime
from typing import NamedTuple

from apps.schedules.models.moment import Moment
from apps.schedules.models.policy import Policy
from apps.schedules.row import Row
from apps.schedules.timing import GRACE, latest_moments, moment_after, refuse_unreadable

_RAN, _MISSED, _ASKED = Moment.Outcome.RAN, Moment.Outcome.MISSED, Moment.Outcome.ASKED


class Taken(NamedTuple):
    """One moment to take, and from when on moments before it were passed over."""

    at: datetime
    outcome: Moment.Outcome
    missed_since: datetime | None = None


class Verdict(NamedTuple):
    """What a schedule does now, and when it comes again."""

    taken: list[Taken]
    next_at: datetime | None


def decide(row: Row, due: datetime, now: datetime) -> Verdict:
    """Return what becomes of the moments of a schedule from ``due`` until now.

    Raise Untimely when its timing cannot be read.
    """
    refuse_unreadable(row)
    if now - due <= GRACE:
        taken = [Taken(due, _RAN)]
    elif row.missed in (Policy.Missed.ALL, Policy.Missed.ASK):
        taken = _each(row, due, now)
    else:
        [latest] = latest_moments(row, due, now, 1)
        late = row.missed == Policy.Missed.SKIP and now - latest > GRACE
        taken = [Taken(latest, _MISSED if late else _RAN)]
    first = taken[0]
    if first.at > due:
        taken[0] = first._replace(missed_since=due)
    return Verdict(taken, moment_after(row, taken[-1].at))


def _each(row: Row, due: datetime, now: datetime) -> list[Taken]:
    """Take the latest moments, up to the cap; what came within the grace was not missed and just runs."""
    missed = _ASKED if row.missed == Policy.Missed.ASK else _RAN
    moments = latest_moments(row, due, now, row.missed_cap)
    return [Taken(moment, missed if now - moment > GRACE else _RAN) for moment in moments]
