"""The moments of the sun: what Celery calls a solar schedule, computed by ephem.  Pure: it knows no present.

Where the sun does not rise or set for months, the schedule waits for the day on which it does.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from importlib import import_module
from typing import Protocol, cast

from celery.schedules import solar

# The same event is a second earlier or later, depending on where the search starts.
_SAME = timedelta(minutes=1)
_SECOND = timedelta(seconds=1)
_MOST_DAYS = 400
_MIDNIGHT = "next_antitransit"


ephem = import_module("ephem")  # it has no types


class _Sky(Protocol):
    """What Celery's solar schedule holds; its published types leave it out."""

    cal: object
    method: str
    use_center: bool


class BadSun(ValueError):  # noqa: N818
    """An event that the sun does not have, or a place that is not on the earth."""


def first_after(event: str, latitude: float, longitude: float, moment: datetime) -> datetime | None:
    """Return when the sun first does this there after a moment, in whole seconds; None when it never does.

    Raise BadSun for an event or a place that there is not.
    """
    sky = _sky(event, latitude, longitude)
    body, start = ephem.Sun(), moment.astimezone(UTC) + _SAME
    centre = {"use_center": True} if sky.use_center else {}
    for _ in range(_MOST_DAYS):
        try:
            found = getattr(sky.cal, sky.method)(body, start=start, **centre)
        except ephem.CircumpolarError:
            start = _utc(getattr(sky.cal, _MIDNIGHT)(body, start=start)) + _SAME
        else:
            return _utc(found) + _SECOND
    return None


@lru_cache(maxsize=256)
def _sky(event: str, latitude: float, longitude: float) -> _Sky:
    try:
        sky = solar(event, latitude, longitude)  # type: ignore[arg-type]  # it refuses other events itself
    except ValueError as error:
        raise BadSun(f"The sun at {latitude}, {longitude} cannot be asked for {event!r}: {error}") from error
    return cast("_Sky", sky)


def _utc(date: object) -> datetime:
    moment: datetime = ephem.Date(date).datetime()
    return moment.replace(microsecond=0, tzinfo=UTC)
