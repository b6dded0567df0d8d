"""Row: a schedule as beat reads it, in one statement and without model fields that could refuse a value."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from apps.schedules import sql
from apps.schedules.models.policy import MISSED_CAP, Policy


class Row(NamedTuple):
    """One PeriodicTask with its timing and its plan, in the order of ``read.sql``.

    What is left out says nothing: to look ahead before anything is saved, the timing is enough.
    """

    id: int = 0
    name: str = ""
    task: str = ""
    enabled: bool = True
    description: str = ""
    args: str = ""
    kwargs: str = ""
    headers: str = ""
    queue: str = ""
    exchange: str = ""
    routing_key: str = ""
    priority: int | None = None
    expire_seconds: int | None = None
    expires: datetime | None = None
    start_time: datetime | None = None
    one_off: bool = False
    crontab: list[str] | None = None  # five fields in the order of a crontab file, and the zone
    every: int | None = None
    period: str | None = None
    clocked_time: datetime | None = None
    solar: list[str] | None = None  # event, latitude, longitude
    timing: str = ""
    next_at: datetime | None = None
    problem: str = ""
    total_run_count: int = 0
    missed: str = Policy.Missed.LATEST
    missed_cap: int = MISSED_CAP
    overlap: str = Policy.Overlap.ALLOW
    jitter_s: int = 0
    paused_until: datetime | None = None
    max_runs: int | None = None

    @property
    def runs_left(self) -> int | None:
        """Return how often it may still run; None without a limit."""
        return None if self.max_runs is None else max(self.max_runs - self.total_run_count, 0)


def read(ids: Collection[int]) -> list[Row]:
    """Read schedules, the longest overdue first."""
    return [Row(*columns) for columns in sql.run("read", {"ids": list(ids)})]
