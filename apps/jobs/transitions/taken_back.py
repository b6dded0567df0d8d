"""Out of the hands of a worker: it died, one of its processes did, or it stops and gives back."""

from collections.abc import Collection
from uuid import UUID

from apps.jobs import sql
from apps.jobs.states import Outcome


def rescue(workers: Collection[int], *, max_deaths: int) -> list[UUID]:
    """Take back what dead workers were running."""
    return _take_back(
        charged=True,
        workers=list(workers),
        pid=None,
        max_deaths=max_deaths,
        outcome=Outcome.LOST,
        message="Its worker died.",
    )


def rescue_child(worker_id: int, pid: int, *, max_deaths: int) -> list[UUID]:
    """Take back what one dead child process of a live worker was running."""
    return _take_back(
        charged=True,
        workers=[worker_id],
        pid=pid,
        max_deaths=max_deaths,
        outcome=Outcome.LOST,
        message=f"Its worker process {pid} was killed.",
    )


def hand_back(worker_id: int, pid: int | None = None) -> list[UUID]:
    """Give back what a worker that stops on purpose was running; nothing is held against the jobs."""
    return _take_back(
        charged=False,
        workers=[worker_id],
        pid=pid,
        max_deaths=0,
        outcome=Outcome.HANDED_BACK,
        message="Its worker stopped and gave it back.",
    )


def _take_back(**params: object) -> list[UUID]:
    return [row[0] for row in sql.run("rescue", params)]
