"""A simulated day: when every schedule would run, for how long as learnt, and which minutes would be hot."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property, lru_cache
from itertools import accumulate
from typing import NamedTuple
from zoneinfo import ZoneInfo

from apps.schedules.crontab import parse
from apps.schedules.row import Row
from apps.schedules.timing import first_moment, interval_of, moment_after

MINUTES = 24 * 60
_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)
_INSTANT = timedelta(microseconds=1)


class Line(NamedTuple):
    """One schedule's day."""

    row: Row
    moments: list[datetime]
    usual: timedelta | None  # how long a run takes; None when it never ran

    @property
    def busy(self) -> timedelta:
        """Return how long its jobs would run altogether."""
        return len(self.moments) * (self.usual or timedelta())


@dataclass(frozen=True)
class Day:
    """All schedules over 24 hours from a day's beginning in a zone."""

    start: datetime
    lines: list[Line]  # the busiest first
    children: int  # processes that can run jobs; 0 when no worker lives

    @cached_property
    def starts(self) -> list[int]:
        """Count the jobs that start in each minute of the day."""
        counted = Counter((moment - self.start) // _MINUTE for line in self.lines for moment in line.moments)
        return [counted[minute] for minute in range(MINUTES)]

    @cached_property
    def crowds(self) -> list[int]:
        """Return how many jobs start at the same moment, for each minute the most."""
        found = [0] * MINUTES
        together = Counter(moment for line in self.lines for moment in line.moments)
        for moment, count in together.items():
            minute = (moment - self.start) // _MINUTE
            found[minute] = max(found[minute], count)
        return found

    @cached_property
    def running(self) -> list[float]:
        """Return how many jobs run at once in each minute, on average over the minute."""
        steps = [0.0] * (MINUTES + 2)
        for line in self.lines:
            length = (line.usual or timedelta()) / _MINUTE
            for moment in line.moments if length else ():
                begin = (moment - self.start) / _MINUTE
                _step(steps, begin, 1.0)
                _step(steps, min(begin + length, float(MINUTES)), -1.0)
        return list(accumulate(steps[:MINUTES]))

    @cached_property
    def hot(self) -> set[int]:
        """Return the minutes in which more start at a moment, or run, than the workers have processes for."""
        if not self.children:
            return set()
        together = zip(self.crowds, self.running, strict=True)
        return {minute for minute, (crowd, runs) in enumerate(together) if max(crowd, runs) > self.children}


def simulate(
    rows: Iterable[Row], usual: Mapping[int, timedelta], *, day: date, zone: ZoneInfo, children: int
) -> Day:
    """Return the day as the schedules stand now."""
    start = datetime.combine(day, time(), zone).astimezone(UTC)
    by_line = sorted(rows, key=lambda row: row.crontab or [])  # the moments of a line are worked out once
    lines = [Line(row, moments_of(row, start), usual.get(row.id)) for row in by_line]
    running = [line for line in lines if line.moments]
    running.sort(key=lambda line: (-line.busy, -len(line.moments), line.row.name))
    return Day(start, running, children)


def moments_of(row: Row, start: datetime) -> list[datetime]:
    """Return when a schedule runs within 24 hours; never when it is off, set aside or at its end."""
    if not row.enabled or row.problem or row.next_at is None:
        return []
    end = start + _DAY
    try:
        found = _moments(row, start, end)
    except (ValueError, ArithmeticError, LookupError, RuntimeError):  # a row that beat sets aside
        return []
    earliest = max((at for at in (row.start_time, row.paused_until) if at is not None), default=start)
    latest = min(row.expires, end) if row.expires is not None else end
    return [moment for moment in found if earliest <= moment <= latest]


def _moments(row: Row, start: datetime, end: datetime) -> Iterable[datetime]:
    if row.next_at is None:
        return ()
    if row.one_off or row.clocked_time is not None:
        return (row.next_at,) if start <= row.next_at < end else ()
    if row.every is not None:
        every = interval_of(row)
        first = row.next_at - (row.next_at - start) // every * every
        return (first + every * step for step in range(-((first - end) // every)))
    return _of_crontab(tuple(row.crontab), start) if row.crontab else _of_the_sun(row, start, end)


def _of_the_sun(row: Row, start: datetime, end: datetime) -> Iterator[datetime]:
    moment = first_moment(row._replace(start_time=None, expires=None, paused_until=None), start - _INSTANT)
    while moment is not None and moment < end:
        yield moment
        moment = moment_after(row._replace(expires=None), moment)


@lru_cache(maxsize=64)  # a line of every minute has 1,440 moments
def _of_crontab(crontab: tuple[str, ...], start: datetime) -> tuple[datetime, ...]:
    minute, hour, day, month, weekday, zone = crontab
    line, end = parse((minute, hour, day, month, weekday), zone), start + _DAY
    found, moment = [], line.first_after(start - _INSTANT)
    while moment is not None and moment < end:
        found.append(moment)
        moment = line.first_after(moment)
    return tuple(found)


def _step(steps: list[float], at: float, height: float) -> None:
    """Let everything from a minute on be higher; the minute itself by the share that is left of it."""
    minute = int(at)
    share = at - minute
    steps[minute] += height * (1 - share)
    steps[minute + 1] += height * share
