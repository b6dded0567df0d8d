"""Take back jobs that the ledger says run on this worker, and that none of its processes has in hand.

A crash of PostgreSQL may lose the commit of an outcome that its process was told of, and a restored backup
names jobs that ran long ago. Nothing else would find them: their worker lives.
"""

import logging
from collections import defaultdict
from typing import TYPE_CHECKING
from uuid import UUID

from apps.jobs import process, transitions
from apps.jobs.running import holding

if TYPE_CHECKING:
    from apps.jobs.worker import workers

log = logging.getLogger("backline.worker")


class Reconciler:
    """What was seen running at earlier heartbeats, with the messages that were in hand then."""

    def __init__(self) -> None:
        self._seen: dict[tuple[UUID, UUID], set[tuple[int, int]]] = {}  # by job and lease

    def take_back_lost(self, running: "list[workers.Running]", *, before: holding.Messages | None) -> None:
        """Compare what runs in the ledger with what is in hand; ``before`` was read ahead of the ledger.

        A job is lost when every message has ended that was in hand after it was first seen running.
        """
        after = holding.current().messages()
        if before is None or after is None:
            self._seen = {}
            return
        lost: dict[tuple[int, UUID], list[UUID]] = defaultdict(list)
        for row in running:
            first = self._seen.get((row.job, row.lease))
            if first is not None and not _is_held(row, first, before):
                lost[row.pid, row.lease].append(row.job)
        self._seen = {
            (row.job, row.lease): self._seen.get((row.job, row.lease))
            or {key for key, message in after.items() if message.pid == row.pid}
            for row in running
        }
        for (pid, lease), jobs in lost.items():
            _take_back(pid, lease, jobs)


def _is_held(row: "workers.Running", first: set[tuple[int, int]], now: holding.Messages) -> bool:
    return any(key in now and now[key].may_hold(row.lease) for key in first)


def _take_back(pid: int, lease: UUID, jobs: list[UUID]) -> None:
    for job in transitions.take_back_unheld(process.worker_id(), pid, lease, jobs):
        log.warning("job %s was running in the ledger and not in process %d; queued again", job, pid)
