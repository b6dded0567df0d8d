"""How many jobs of each kind went well and badly lately, from the roll-ups.  For pages and `jobs stats`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import Max, Q, Sum

from apps.jobs import sql
from apps.jobs.models.rollup import HOUR, MINUTE, Rollup

MINUTES = 60
_COUNTS = ("enqueued", "succeeded", "dead", "cancelled", "failed_attempts")


class Minute(NamedTuple):
    """How many jobs ended in a minute."""

    at: datetime
    succeeded: int
    dead: int


@dataclass(frozen=True, slots=True)
class LastHour:
    """What a kind did in the current minute and the 59 before it."""

    succeeded: int
    dead: int
    failed_attempts: int
    mean_run: timedelta | None  # of those that succeeded
    minutes: Mapping[int, Minute]  # by their place, 0 to 59; one in which nothing happened is not there


@dataclass(frozen=True, slots=True)
class Totals:
    """What a kind did since a moment."""

    kind: str
    enqueued: int
    succeeded: int
    dead: int
    cancelled: int
    failed_attempts: int
    mean_wait: timedelta | None  # of those that succeeded at the first attempt, a countdown included
    mean_run: timedelta | None  # of those that succeeded
    slowest: timedelta | None  # of those that succeeded


def last_hour() -> dict[str, LastHour]:
    """Return what each kind did in the last hour, if it did anything."""
    return {row[0]: _last_hour(*row[1:]) for row in sql.run("throughput", {})}


def totals(*, since: datetime, kind: str = "") -> list[Totals]:
    """Return what each kind, or one, did since then: to the minute, to the hour where minutes are merged."""
    of_minutes = Q(seconds=MINUTE, at__gt=since - timedelta(seconds=MINUTE))
    of_hours = Q(seconds=HOUR, at__gt=since - timedelta(seconds=HOUR))
    found = Rollup.objects.filter(of_minutes | of_hours, Q(kind=kind) if kind else Q())
    added = (*_COUNTS, "first_attempts", "waited_s", "ran_s")
    sums: dict[str, Any] = {f"all_{name}": Sum(name) for name in added}
    rows = found.values("kind").annotate(slowest=Max("slowest_s"), **sums).order_by("kind")
    return [_totals(dict(row)) for row in rows]


def _last_hour(  # a row of throughput.sql
    succeeded: int,
    dead: int,
    failed_attempts: int,
    mean_s: float | None,
    places: list[int],
    *numbers: list[Any],
) -> LastHour:
    minutes = dict(zip(places, (Minute(*minute) for minute in zip(*numbers, strict=True)), strict=True))
    mean_run = None if mean_s is None else timedelta(seconds=mean_s)
    return LastHour(succeeded, dead, failed_attempts, mean_run, minutes)


def _totals(row: dict[str, Any]) -> Totals:
    succeeded = row["all_succeeded"]
    return Totals(
        kind=row["kind"],
        **{name: row[f"all_{name}"] for name in _COUNTS},
        mean_wait=_span(row["all_waited_s"], row["all_first_attempts"]),
        mean_run=_span(row["all_ran_s"], succeeded),
        slowest=_span(row["slowest"], min(succeeded, 1)),
    )


def _span(seconds: float, of: int) -> timedelta | None:
    return timedelta(seconds=seconds / of) if of else None
