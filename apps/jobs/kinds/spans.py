"""Spans and moments of time, as people give them: within a hundred years, else no page can show them."""

import re
from datetime import UTC, date, datetime, timedelta

from celery import current_app

_LONGEST = timedelta(days=366 * 100)
_DATE = re.compile(r"\d{4}-")  # how an ISO 8601 text begins


def lasting(what: str, given: object) -> timedelta:
    """Return a timedelta, or seconds as a number or text, as a timedelta of at most a hundred years."""
    span = given if isinstance(given, timedelta) else _seconds(what, given)
    if abs(span) > _LONGEST:
        raise ValueError(f"{what} {_brief(given)} is more than a hundred years.")
    return span


def is_moment(given: object) -> bool:
    """Return whether a value is a date, a datetime or the text of one, and not a number of seconds."""
    return isinstance(given, date) or (isinstance(given, str) and _DATE.match(given) is not None)


def moment(what: str, given: object) -> datetime:
    """Return a datetime, a date or an ISO 8601 text with a time zone: Celery's own, if it has none.

    Raise TypeError or ValueError for anything else, and for one more than a hundred years away.
    """
    read = _datetime(what, given)
    aware = read if read.tzinfo else read.replace(tzinfo=current_app.timezone)
    if abs(aware - datetime.now(UTC)) > _LONGEST:
        raise ValueError(f"{what} {_brief(given)} is more than a hundred years away. Give a nearer time.")
    return aware


def _datetime(what: str, given: object) -> datetime:
    if isinstance(given, datetime):
        return given
    text = given.isoformat() if isinstance(given, date) else given
    if not isinstance(text, str):
        raise TypeError(f"{what} must be a datetime or an ISO 8601 text, not {given!r}.")
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{what} {_brief(given)} is no ISO 8601 time, such as 2026-03-01T08:00Z.") from None


def _seconds(what: str, given: object) -> timedelta:
    if isinstance(given, bool) or not isinstance(given, int | float | str):
        raise TypeError(f"{what} must be seconds, a timedelta or a datetime with a time zone, not {given!r}.")
    try:
        return timedelta(seconds=float(given))
    except OverflowError:
        raise ValueError(f"{what} {_brief(given)} is more than a hundred years.") from None
    except ValueError:  # not a number: a word, or the float of that name
        raise ValueError(f"{what} {_brief(given)} is no number of seconds.") from None


def _brief(given: object) -> str:
    return f"{given!r:.60}"
