"""Which moments of a schedule are due, told by somebody who never saw the scheduler.

It reads the zone's clock minute by minute and shares no line with `apps.schedules`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_MINUTE = timedelta(minutes=1)
_BEFORE = timedelta(hours=4)  # clocks that were just put back show what they showed before
_ALL_HOURS = set(range(24))


@dataclass(frozen=True, slots=True)
class Wanted:
    """A schedule that a trial makes."""

    label: str
    line: str | None = None  # a crontab's five fields; weekdays only as a star
    zone: str = "UTC"
    every_s: int | None = None
    kind: str = "plain"
    missed: str = "latest"
    cap: int = 12


def due(wanted: Wanted, start: datetime, until: datetime) -> list[datetime]:
    """Return the moments from the start time of a schedule until then, in order."""
    if wanted.every_s is not None:
        count = (until - start) // timedelta(seconds=wanted.every_s)
        return [start + step * timedelta(seconds=wanted.every_s) for step in range(count + 1)]
    return [moment for moment in _of_line(wanted, start, until) if moment >= start]


def _of_line(wanted: Wanted, start: datetime, until: datetime) -> Iterator[datetime]:
    minutes, hours, days, months = _parsed(wanted.line or "")
    latest: datetime | None = None
    for instant, wall in _clock(wanted.zone, start - _BEFORE, until):
        shown = [wall]
        if latest is not None and wall <= latest:
            shown = [wall] if hours == _ALL_HOURS else []
        elif latest is not None and hours != _ALL_HOURS:  # what the clock skipped comes right after
            shown = [latest + step * _MINUTE for step in range(1, (wall - latest) // _MINUTE + 1)]
        if any(
            time.minute in minutes and time.hour in hours and time.day in days and time.month in months
            for time in shown
        ):
            yield instant
        latest = wall if latest is None else max(latest, wall)


def _clock(zone: str, start: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield each minute, and what the zone's clock shows in it."""
    instant, place = start.astimezone(UTC).replace(second=0, microsecond=0), ZoneInfo(zone)
    while instant <= until:
        yield instant, instant.astimezone(place).replace(tzinfo=None, fold=0)
        instant += _MINUTE


def _parsed(line: str) -> tuple[set[int], set[int], set[int], set[int]]:
    minutes, hours, days, months, weekdays = line.split()
    if weekdays != "*":
        raise ValueError(f"The oracle cannot read weekdays: {line!r}.")
    return _field(minutes, 0, 59), _field(hours, 0, 23), _field(days, 1, 31), _field(months, 1, 12)


def _field(text: str, low: int, high: int) -> set[int]:
    found: set[int] = set()
    for part in text.split(","):
        values, _, step = part.partition("/")
        first, _, last = values.partition("-")
        lowest = low if first == "*" else int(first)
        highest = high if first == "*" else int(last or first)
        found |= set(range(lowest, highest + 1, int(step or 1)))
    return found
