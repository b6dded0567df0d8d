"""The moments of a crontab line.  Pure: it knows no database and no present.

Celery parses the five fields, so they mean what they mean everywhere in Celery (both day
fields must match). Our own walk over local dates turns wall-clock times into instants:

* A time that the clocks skip runs once, at the first minute after the gap.
* A time that the clocks show twice runs at its first showing.
* A line that runs in every hour follows the clock: skipped times are skipped, repeated ones run again.
"""

from bisect import bisect_right
from calendar import monthrange
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import MAXYEAR, UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Protocol, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from celery.schedules import ParseException
from celery.schedules import crontab as celery_crontab

_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)
_SECOND = timedelta(seconds=1)
_YEARS = 41  # 29 February on a given weekday: 28 years apart, 40 across 2100
_NICKNAMES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_WINDOWS = (timedelta(hours=1), timedelta(days=1), timedelta(days=32), timedelta(days=367))


class BadCrontab(ValueError):  # noqa: N818
    """A crontab line that cannot be read, or that no date ever matches."""


class _Parsed(Protocol):
    """What Celery's crontab holds after parsing; its published types leave it out."""

    minute: set[int]
    hour: set[int]
    day_of_month: set[int]
    month_of_year: set[int]
    day_of_week: set[int]


@dataclass(frozen=True, slots=True)
class Crontab:
    """A parsed crontab line in its zone; made by ``parse``."""

    minutes: tuple[int, ...]  # of the day, sorted
    days: tuple[int, ...]
    months: tuple[int, ...]
    weekdays: frozenset[int]  # 0 is Sunday
    runs_every_hour: bool
    zone: ZoneInfo

    def first_after(self, moment: datetime) -> datetime | None:
        """Return the first moment later than this one, in UTC; None when there is none in 40 years."""
        local = moment.astimezone(self.zone).date()
        for day in self._days_from(local - _DAY):
            found = self._first_on(day, moment)
            if found is None:
                continue
            # Where clocks go back across midnight, the next day begins before this one's repeated minutes.
            rival = self._first_on(day + _DAY, moment) if self._matches(day + _DAY) else None
            return found if rival is None else min(found, rival)
        return None

    def latest_until(self, now: datetime, since: datetime, most: int) -> list[datetime]:
        """Return the latest moments that are not after ``now``, at most so many, in order.

        ``since`` is one of them. It looks back in growing steps: an absence may have lasted for years.
        """
        for window in _WINDOWS:
            start = now - window
            if start <= since:
                break
            found = deque(self._between(start, now), maxlen=most)
            if len(found) == most:
                return list(found)
        return list(deque((since, *self._between(since, now)), maxlen=most))

    def _between(self, after: datetime, until: datetime) -> Iterator[datetime]:
        moment = self.first_after(after)
        while moment is not None and moment <= until:
            yield moment
            moment = self.first_after(moment)

    def _days_from(self, start: date) -> Iterator[date]:
        for year in range(start.year, min(start.year + _YEARS, MAXYEAR)):
            for month in self.months:
                if (year, month) < (start.year, start.month):
                    continue
                last = monthrange(year, month)[1]
                days = (date(year, month, day) for day in self.days if day <= last)
                yield from (day for day in days if day >= start and day.isoweekday() % 7 in self.weekdays)

    def _matches(self, day: date) -> bool:
        return day.month in self.months and day.day in self.days and day.isoweekday() % 7 in self.weekdays

    def _first_on(self, day: date, after: datetime) -> datetime | None:
        midnight = datetime.combine(day, time(), self.zone)
        if not self._clocks_stay(midnight):
            return min((moment for moment in self._instants(midnight) if moment > after), default=None)
        start = midnight.astimezone(UTC)
        place = bisect_right(self.minutes, (after - start) // _MINUTE)
        return start + self.minutes[place] * _MINUTE if place < len(self.minutes) else None

    def _clocks_stay(self, midnight: datetime) -> bool:
        edges = (midnight, midnight + _DAY)
        return len({edge.replace(fold=fold).utcoffset() for edge in edges for fold in (0, 1)}) == 1

    def _instants(self, midnight: datetime) -> Iterator[datetime]:
        for minute in self.minutes:
            wall = midnight + minute * _MINUTE  # wall-clock arithmetic, since both have the zone
            first, second = wall.astimezone(UTC), wall.replace(fold=1).astimezone(UTC)
            if first <= second:
                yield first
                if self.runs_every_hour:
                    yield second
            elif not self.runs_every_hour:
                yield self._end_of_gap(second, first)

    def _end_of_gap(self, before: datetime, after: datetime) -> datetime:
        """Return the first whole minute after the clocks went forward, between these two instants."""
        offset = after.astimezone(self.zone).utcoffset()
        while after - before > _SECOND:
            middle = before + (after - before) // 2
            if middle.astimezone(self.zone).utcoffset() == offset:
                after = middle
            else:
                before = middle
        after = after.replace(microsecond=0)
        return after + timedelta(seconds=-after.astimezone(self.zone).second % 60)


@lru_cache(maxsize=4096)
def parse(fields: tuple[str, str, str, str, str], timezone: str) -> Crontab:
    """Read minute, hour, day of month, month and day of week, in the order of a crontab file.

    Raise BadCrontab with a sentence when a field or the zone makes no sense.
    """
    minute, hour, day_of_month, month_of_year, day_of_week = fields
    line = " ".join(fields)
    try:
        parsed = cast("_Parsed", celery_crontab(minute, hour, day_of_week, day_of_month, month_of_year))
    except (ParseException, ValueError, TypeError, LookupError, ArithmeticError, RuntimeError) as error:
        raise BadCrontab(f"The crontab line {line!r} cannot run: {error}") from error
    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise BadCrontab(f"There is no time zone called {timezone!r}.") from error
    return Crontab(
        minutes=tuple(sorted(60 * h + m for h in parsed.hour for m in parsed.minute)),
        days=tuple(sorted(parsed.day_of_month)),
        months=tuple(sorted(parsed.month_of_year)),
        weekdays=frozenset(parsed.day_of_week),
        runs_every_hour=len(parsed.hour) == 24,
        zone=zone,
    )


def spelled_out(line: str) -> str:
    """Return a line as five fields with single blanks; a nickname such as @daily as its fields."""
    text = " ".join(line.split())
    return _NICKNAMES.get(text.lower(), text)


def parse_line(line: str, timezone: str) -> Crontab:
    """Read a line as it stands in a crontab file: five fields with blanks between them, or a nickname."""
    fields = spelled_out(line).split()
    if len(fields) != 5:
        if line.strip().startswith("@"):
            known = ", ".join(_NICKNAMES)
            raise BadCrontab(f"The crontab line {line.strip()!r} has no times. Use {known}, or five fields.")
        raise BadCrontab(f"The crontab line {line!r} has {len(fields)} fields instead of 5.")
    minute, hour, day_of_month, month_of_year, day_of_week = fields
    return parse((minute, hour, day_of_month, month_of_year, day_of_week), timezone)
