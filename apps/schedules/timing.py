"""When a schedule runs: first, after a moment, and which moment when some were missed."""

from datetime import datetime, timedelta

from apps.schedules.crontab import BadCrontab, Crontab, parse
from apps.schedules.row import Row

# A moment that is later than this was missed: nobody looked. Of missed moments only the latest runs.
GRACE = timedelta(minutes=1)

_SHORTEST = timedelta(seconds=1)
_INSTANT = timedelta(microseconds=1)
_PERIODS = ("days", "hours", "minutes", "seconds", "microseconds")


class Untimely(ValueError):  # noqa: N818
    """A schedule that says no time at which it could run; the sentence says why."""


def describe(row: Row) -> str:
    """Return what the moments of a schedule follow from, as text to compare."""
    return repr(
        (row.crontab, row.every, row.period, row.clocked_time, row.is_solar, row.start_time, row.expires)
    )


def first_moment(row: Row, now: datetime) -> datetime | None:
    """Return when a new or edited schedule runs first; None when it never does any more.

    Raise Untimely when that cannot be said.
    """
    start = row.start_time if row.start_time is not None and row.start_time > now else None
    if row.clocked_time is not None:
        return _unless_expired(row, row.clocked_time)  # a past one too: it runs once, late
    if row.every is not None:
        every, grid = _interval(row), row.start_time
        following = now + every if grid is None else grid + every * ((now - grid) // every + 1)
        return _unless_expired(row, start or following)
    return _unless_expired(row, _crontab(row).first_after(start - _INSTANT if start else now))


def moment_after(row: Row, moment: datetime) -> datetime | None:
    """Return the moment that follows one of a schedule's moments; None when it was the last."""
    if row.one_off or row.clocked_time is not None:
        return None
    if row.every is not None:
        return _unless_expired(row, moment + _interval(row))
    return _unless_expired(row, _crontab(row).first_after(moment))


def moment_to_run(row: Row, due: datetime, now: datetime) -> datetime:
    """Return which moment runs now: the due one, or the latest after a longer absence of all beats."""
    if now - due <= GRACE or row.clocked_time is not None:
        return due
    if row.every is not None:
        every = _interval(row)
        latest = due + every * ((now - due) // every)
    else:
        latest = _crontab(row).last_until(now, due)
    return latest if row.expires is None or latest <= row.expires else due


def _unless_expired(row: Row, moment: datetime | None) -> datetime | None:
    return None if moment is None or (row.expires is not None and moment > row.expires) else moment


def _interval(row: Row) -> timedelta:
    if row.period not in _PERIODS:
        raise Untimely(
            f"An interval cannot be counted in {row.period!r}. Choose one of: {', '.join(_PERIODS)}."
        )
    try:
        every = timedelta(**{row.period: row.every or 0})
    except OverflowError as error:
        raise Untimely(f"An interval of {row.every} {row.period} is too long.") from error
    if every < _SHORTEST:
        raise Untimely(f"An interval of {row.every} {row.period} is too short. The shortest is one second.")
    return every


def _crontab(row: Row) -> Crontab:
    if row.is_solar:
        raise Untimely(
            "Solar schedules need the package ephem, which is not installed. Use a crontab instead."
        )
    if row.crontab is None:
        raise Untimely("It has no crontab, interval or clocked time. Choose one.")
    minute, hour, day_of_month, month_of_year, day_of_week, zone = row.crontab
    try:
        line = parse((minute, hour, day_of_month, month_of_year, day_of_week), zone)
    except BadCrontab as error:
        raise Untimely(str(error)) from error
    return line
