"""Check of the clock: ids carry this process's time, everything else the database's."""

from datetime import UTC, datetime
from typing import Final

from django.conf import settings
from django.db import connection

from apps.maintenance.health.finding import Finding, well, wrong

_LARGEST_SKEW_S: Final = 2.0


def clock() -> Finding:
    """Check that this process and the database agree on the time."""
    seconds = skew()
    if abs(seconds) > _LARGEST_SKEW_S:
        return wrong(
            "clock", f"the database is {seconds:+.1f} s off this machine", "Let NTP set both clocks."
        )
    return well("clock", f"{seconds * 1000:+.0f} ms against the database, {settings.TIME_ZONE} shown")


def skew() -> float:
    """Return how many seconds the database's clock is ahead of this process's."""
    before = datetime.now(UTC)
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        [there] = cursor.fetchone() or [before]
    after = datetime.now(UTC)
    return float((there - (before + (after - before) / 2)).total_seconds())
