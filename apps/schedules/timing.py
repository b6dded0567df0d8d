"""When a schedule runs: first, after a moment, and which moments when some were missed."""

from collections import deque
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import wraps
from typing import ParamSpec, TypeVar

from apps.lib.readable_times import is_edge
from apps.schedules import sun
from apps.schedules.crontab import BadCrontab, Crontab, parse
from apps.schedules.row import Row
from apps.schedules.sun import BadSun

# A moment that is later than this was missed: nobody looked. Its schedule's policy says what becomes of it.
GRACE = timedelta(minutes=1)

LONGEST = timedelta(days=36_525)  # a hundred years

_SHORTEST = timedelta(seconds=1)
_INSTANT = timedelta(microseconds=1)
_PERIODS = ("days", "hours", "minutes", "seconds", "microseconds")
_DATES = {
    "clocked_time": "time",
    "start_time": "start time",
    "expires": "expiry time",
    "paused_until": "end of the pause",
    "next_at": "planned time",
}

_P = ParamSpec("_P")
_R = TypeVar("_R")


class Untimely(ValueError):  # noqa: N818
    """A schedule that says no time at which it could run; the sentence says why."""


def _timely(compute: Callable[_P, _R]) -> Callable[_P, _R]:
    """Raise Untimely for whatever values of a row make it impossible to compute."""

    @wraps(compute)
    def guarded(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        try:
            return compute(*args, **kwargs)
        except Untimely:
            raise
        except (ValueError, ArithmeticError, LookupError, RuntimeError) as error:
            reason = str(error) or type(error).__name__
            raise Untimely(
                f"Its next run cannot be computed ({reason}). Correct its times, interval or place."
            ) from error

    return guarded


def describe(row: Row) -> str:
    """Return what the moments of a schedule follow from, as text to compare."""
    when = (row.crontab, row.every, row.period, row.clocked_time, row.solar is not None)
    timing = (*when, row.start_time, row.expires)
    return repr(timing if row.paused_until is None else (*timing, row.paused_until))


@_timely
def first_moment(row: Row, now: datetime) -> datetime | None:
    """Return when a new or edited schedule runs first; None when it never does any more.

    Raise Untimely when that cannot be said.
    """
    if row.runs_left == 0:
        return None
    refuse_unreadable(row._replace(next_at=None))
    resumes = row.paused_until if row.paused_until is not None and row.paused_until > now else None
    if row.clocked_time is not None:  # a past one too: it runs once, late
        return _unless_expired(row, max(row.clocked_time, resumes) if resumes else row.clocked_time)
    start = row.start_time if row.start_time is not None and row.start_time > now else None
    begin = max((moment for moment in (start, resumes) if moment is not None), default=None)
    if row.every is not None:
        return _unless_expired(row, _first_of_interval(row, now, begin))
    return _unless_expired(row, _first_after(row, begin - _INSTANT if begin else now))


@_timely
def moment_after(row: Row, moment: datetime) -> datetime | None:
    """Return the moment that follows one of a schedule's moments; None when it was the last."""
    if row.one_off or row.clocked_time is not None:
        return None
    if row.every is not None:
        return _unless_expired(row, moment + interval_of(row))
    return _unless_expired(row, _first_after(row, moment))


@_timely
def latest_moments(row: Row, due: datetime, now: datetime, most: int) -> list[datetime]:
    """Return the latest of a schedule's moments from ``due``, which is one of them, until now; in order."""
    refuse_unreadable(row)
    if row.one_off or row.clocked_time is not None:
        return [due]
    if row.every is not None:
        every = interval_of(row)
        steps = (now - due) // every
        found = [due + every * step for step in range(max(0, steps - most + 1), steps + 1)]
    elif row.solar is not None:
        found = list(deque(_of_the_sun(row, due, now), maxlen=most))
    else:
        found = _crontab(row).latest_until(now, due, most)
    return [moment for moment in found if row.expires is None or moment <= row.expires] or [due]


def interval_of(row: Row) -> timedelta:
    """Return the time between two moments of an interval; raise Untimely when it makes no sense."""
    if row.period not in _PERIODS:
        raise Untimely(
            f"An interval cannot be counted in {row.period!r}. Choose one of: {', '.join(_PERIODS)}."
        )
    try:
        every = timedelta(**{row.period: row.every or 0})
    except OverflowError as error:
        raise Untimely(
            f"An interval of {row.every} {row.period} is too long. The longest is 100 years."
        ) from error
    if every > LONGEST:
        raise Untimely(f"An interval of {row.every} {row.period} is too long. The longest is 100 years.")
    if every < _SHORTEST:
        raise Untimely(f"An interval of {row.every} {row.period} is too short. The shortest is one second.")
    return every


def refuse_unreadable(row: Row) -> None:
    """Raise Untimely for a time that was written by SQL and that Python cannot hold."""
    for name, words in _DATES.items():
        moment: datetime | None = getattr(row, name)
        if moment is not None and is_edge(moment):
            raise Untimely(f"Its {words} is not in the years 1 to 9999. Enter another.")


def _unless_expired(row: Row, moment: datetime | None) -> datetime | None:
    return None if moment is None or (row.expires is not None and moment > row.expires) else moment


def _first_of_interval(row: Row, now: datetime, begin: datetime | None) -> datetime:
    """Return the first moment from ``begin``; the steps count from the start time, where there is one."""
    every, grid = interval_of(row), row.start_time
    if grid is None:
        return begin or now + every
    if begin is not None:
        return grid + every * max(0, -((grid - begin) // every))
    return grid + every * ((now - grid) // every + 1)


def _first_after(row: Row, moment: datetime) -> datetime | None:
    if row.solar is None:
        return _crontab(row).first_after(moment)
    event, latitude, longitude = row.solar
    try:
        return sun.first_after(event, float(latitude), float(longitude), moment)
    except BadSun as error:
        raise Untimely(str(error)) from error


def _of_the_sun(row: Row, due: datetime, now: datetime) -> Iterator[datetime]:
    moment: datetime | None = due
    while moment is not None and moment <= now:
        yield moment
        moment = _first_after(row, moment)


def _crontab(row: Row) -> Crontab:
    if row.crontab is None:
        raise Untimely("It has no crontab, interval, clocked time or solar event. Choose one.")
    minute, hour, day_of_month, month_of_year, day_of_week, zone = row.crontab
    try:
        line = parse((minute, hour, day_of_month, month_of_year, day_of_week), zone)
    except BadCrontab as error:
        raise Untimely(str(error)) from error
    return line
