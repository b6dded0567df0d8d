"""Write down what came of moments that were not decided when they came: they waited, or asked somebody."""

from collections.abc import Collection
from typing import NamedTuple
from uuid import UUID

from apps.schedules import sql
from apps.schedules.models.moment import Moment


class Settled(NamedTuple):
    """What came of one moment."""

    moment_id: int
    schedule_id: int
    outcome: Moment.Outcome
    job_id: UUID | None = None


def settle(settled: Collection[Settled]) -> None:
    """Write it down and count the runs; in the transaction that locked the moments and started the jobs."""
    if not settled:
        return
    params = {
        "ids": [one.moment_id for one in settled],
        "outcomes": [one.outcome for one in settled],
        "job_ids": [one.job_id for one in settled],
    }
    sql.run("settle", params)
    ran = [one.schedule_id for one in settled if one.outcome == Moment.Outcome.RAN]
    if ran:
        sql.run("count_runs", {"ids": ran})
