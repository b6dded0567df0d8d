"""Out of the hands of a worker: it died, one of its processes did, or it stops and gives back."""

from collections.abc import Collection
from uuid import UUID

from apps.jobs import sql
from apps.jobs.states import Outcome


def rescue(workers: Collection[int], *, max_deaths: int) -> list[UUID]:
    """Take back what dead workers were running; each job next runs alone."""
    return _take_back(
        charged=True,
        workers=list(workers),
        max_deaths=max_deaths,
        outcome=Outcome.LOST,
        message="Its worker died.",
        alone=True,
    )


def rescue_child(
    worker_id: int,
    pid: int,
    *,
    max_deaths: int,
    only: Collection[UUID] | None = None,
    lease: UUID | None = None,
) -> list[UUID]:
    """Take back what one dead child process of a live worker was running, or a part of that."""
    return _take_back(
        charged=True,
        workers=[worker_id],
        pid=pid,
        only=only,
        lease=lease,
        max_deaths=max_deaths,
        outcome=Outcome.LOST,
        message=f"Its worker process {pid} was killed.",
        alone=True,
    )


def hand_back(
    worker_id: int,
    pid: int | None = None,
    *,
    only: Collection[UUID] | None = None,
    lease: UUID | None = None,
) -> list[UUID]:
    """Give back what a worker that stops on purpose was running; nothing is held against the jobs.

    ``lease`` limits it to one claim: another thread of the process may hold the same jobs under its own.
    """
    return _take_back(
        charged=False,
        workers=[worker_id],
        pid=pid,
        only=only,
        lease=lease,
        outcome=Outcome.HANDED_BACK,
        message="Its worker stopped and gave it back.",
    )


def spare(worker_id: int, pid: int, *, guilty: UUID | None, alone: bool = False) -> list[UUID]:
    """Give back what a dead child held beside the job that was its end; nothing is held against them.

    ``alone`` lets each next run alone: where nobody knows which of them it was, it shows then.
    """
    return _take_back(
        charged=False,
        workers=[worker_id],
        pid=pid,
        spared=guilty,
        outcome=Outcome.HANDED_BACK,
        message=f"Its worker process {pid} ended with another job of its bundle.",
        alone=alone,
    )


def take_back_unheld(worker_id: int, pid: int, lease: UUID, jobs: Collection[UUID]) -> list[UUID]:
    """Queue jobs again that a live process does not hold under this lease; no death is charged."""
    return _take_back(
        charged=False,
        workers=[worker_id],
        pid=pid,
        only=jobs,
        lease=lease,
        outcome=Outcome.HANDED_BACK,
        message="No process of its worker ran it: its outcome was lost in a crash of the database.",
    )


_UNLESS_SAID = {"lease": None, "pid": None, "only": None, "spared": None, "max_deaths": 0, "alone": False}


def _take_back(**params: object) -> list[UUID]:
    only = params.get("only")
    given = params | ({"only": list(only)} if isinstance(only, Collection) else {})
    return [row[0] for row in sql.run("rescue", _UNLESS_SAID | given)]
