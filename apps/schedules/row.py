"""Row: a schedule as beat reads it, in one statement and without model fields that could refuse a value."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from apps.schedules import sql


class Row(NamedTuple):
    """One PeriodicTask with its timing and its plan, in the order of ``read.sql``."""

    id: int
    name: str
    task: str
    enabled: bool
    args: str
    kwargs: str
    headers: str
    queue: str
    exchange: str
    routing_key: str
    priority: int | None
    expire_seconds: int | None
    expires: datetime | None
    start_time: datetime | None
    one_off: bool
    crontab: list[str] | None  # five fields in the order of a crontab file, and the zone
    every: int | None
    period: str | None
    clocked_time: datetime | None
    is_solar: bool
    timing: str
    next_at: datetime | None
    problem: str
    total_run_count: int
    missed: str  # the words of Policy.Missed
    missed_cap: int
    overlap: str  # the words of Policy.Overlap
    jitter_s: int
    paused_until: datetime | None
    max_runs: int | None

    @property
    def runs_left(self) -> int | None:
        """Return how often it may still run; None without a limit."""
        return None if self.max_runs is None else max(self.max_runs - self.total_run_count, 0)


def of_timing(  # noqa: PLR0913  # all by name, as in the form
    *,
    crontab: list[str] | None = None,
    every: int | None = None,
    period: str | None = None,
    clocked_time: datetime | None = None,
    start_time: datetime | None = None,
    expires: datetime | None = None,
    one_off: bool = False,
    paused_until: datetime | None = None,
) -> Row:
    """Return a row that says when and nothing else, to look ahead before it is saved."""
    return Row(
        id=0,
        name="",
        task="",
        enabled=True,
        args="",
        kwargs="",
        headers="",
        queue="",
        exchange="",
        routing_key="",
        priority=None,
        expire_seconds=None,
        expires=expires,
        start_time=start_time,
        one_off=one_off,
        crontab=crontab,
        every=every,
        period=period,
        clocked_time=clocked_time,
        is_solar=False,
        timing="",
        next_at=None,
        problem="",
        total_run_count=0,
        missed="latest",
        missed_cap=1,
        overlap="allow",
        jitter_s=0,
        paused_until=paused_until,
        max_runs=None,
    )


def read(ids: Collection[int]) -> list[Row]:
    """Read schedules, the longest overdue first."""
    return [Row(*columns) for columns in sql.run("read", {"ids": list(ids)})]
