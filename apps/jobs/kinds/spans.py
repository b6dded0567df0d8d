"""Spans of time, as people give them."""

from datetime import timedelta

_LONGEST = timedelta(days=366 * 100)


def lasting(what: str, given: object) -> timedelta:
    """Return a timedelta, or seconds as a number or text, as a timedelta of at most a hundred years."""
    span = given if isinstance(given, timedelta) else _seconds(what, given)
    if abs(span) > _LONGEST:
        raise ValueError(f"{what} {_brief(given)} is more than a hundred years.")
    return span


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
