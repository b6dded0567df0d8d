"""Spans of time, as people give them."""

from datetime import timedelta

_LONGEST = timedelta(days=366 * 100)


def lasting(what: str, given: object) -> timedelta:
    """Return a timedelta, or seconds as a number or text, as a timedelta of at most a hundred years."""
    span = given if isinstance(given, timedelta) else _seconds(what, given)
    if abs(span) > _LONGEST:
        raise ValueError(f"{what} {given!r} is more than a hundred years.")
    return span


def _seconds(what: str, given: object) -> timedelta:
    if not isinstance(given, int | float | str):
        raise TypeError(f"{what} must be seconds, a timedelta or a datetime with a time zone, not {given!r}.")
    return timedelta(seconds=float(given))
