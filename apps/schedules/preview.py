"""Tell beforehand when a schedule will run, with the same functions by which it then does."""

from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from apps.schedules import timing
from apps.schedules.crontab import parse
from apps.schedules.row import Row

_DAY = timedelta(days=1)


class Upcoming(NamedTuple):
    """One moment to come, in the schedule's zone, and what the clocks do around it."""

    at: datetime
    note: str


def upcoming(row: Row, now: datetime, most: int) -> list[Upcoming]:
    """Return the next moments of a schedule; none when it does not run again.

    Raise Untimely when it never can. One whose timing was not changed goes on from what is planned.
    """
    moment = _first(row, now)
    zone = zone_of(row)
    found: list[Upcoming] = []
    while moment is not None and len(found) < most:
        local = moment.astimezone(zone) if zone else moment
        found.append(Upcoming(local, _note(row, local)))
        moment = timing.moment_after(row, moment)
    return found


def next_run(row: Row, now: datetime) -> datetime | None:
    """Return when a schedule starts its next job; None while it is off, whatever was planned before."""
    if not row.enabled or row.problem:
        return None
    try:
        return _first(row, now)
    except timing.Untimely:
        return None


def zone_of(row: Row) -> ZoneInfo | None:
    """Return the zone in whose clock a schedule's timing is written; an interval has none."""
    try:
        return ZoneInfo(row.crontab[5]) if row.crontab else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None  # beat sets such a schedule aside


def shortest_gap(moments: list[Upcoming]) -> timedelta | None:
    """Return the shortest time between two of these moments."""
    return min((later.at - earlier.at for earlier, later in _instants(moments)), default=None)


def _first(row: Row, now: datetime) -> datetime | None:
    """Return the planned moment; where the timing was edited since, the one that a beat will plan."""
    if row.next_at is not None and row.timing == timing.describe(row):
        timing.refuse_unreadable(row)
        return row.next_at
    return timing.first_moment(row, now)


def _instants(moments: list[Upcoming]) -> list[tuple[Upcoming, Upcoming]]:
    # in UTC: between two times of one zone Python subtracts what the clocks show
    utc = [moment._replace(at=moment.at.astimezone(ZoneInfo("UTC"))) for moment in moments]
    return list(pairwise(utc))


def _note(row: Row, local: datetime) -> str:
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    change = ((midnight + _DAY).utcoffset() or timedelta()) - (midnight.utcoffset() or timedelta())
    if not change:
        return ""
    if local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset():
        return "Clocks go back: this hour occurs twice; this is the " + (
            "second." if local.fold else "first."
        )
    if _was_skipped(row, local):
        return "Clocks go forward: this time is skipped; it runs right after."
    return f"The clocks go {'forward' if change > timedelta() else 'back'} on this day."


def _was_skipped(row: Row, local: datetime) -> bool:
    if row.crontab is None:
        return False
    minute, hour, day, month, weekday, zone = row.crontab
    return local.hour * 60 + local.minute not in parse((minute, hour, day, month, weekday), zone).minutes
