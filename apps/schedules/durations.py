"""How long a schedule's jobs took lately, to tell whether the next would overlap."""

from datetime import timedelta
from statistics import median
from typing import NamedTuple

from apps.schedules import sql


class Durations(NamedTuple):
    """The runs of the last moments that ended well."""

    runs: int
    usual: timedelta
    longest: timedelta


def durations(schedule_id: int) -> Durations | None:
    """Return how long the last runs took; None when there was none."""
    seconds = [float(took) for (took,) in sql.run("durations", {"id": schedule_id})]
    if not seconds:
        return None
    return Durations(len(seconds), timedelta(seconds=median(seconds)), timedelta(seconds=max(seconds)))
