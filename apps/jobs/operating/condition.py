"""The condition of a worker: alive, silent, dead or stopped, and what it runs.  For pages."""

from collections import defaultdict
from datetime import datetime, timedelta
from enum import StrEnum

from django.conf import settings
from django.db.models.functions import Now

from apps.jobs import sql
from apps.jobs.models.worker import Worker
from apps.lib.words import count


class Condition(StrEnum):
    """What its heartbeat and its end say about a worker."""

    ALIVE = "alive"
    SILENT = "silent"  # it missed a heartbeat
    DEAD = "dead"  # silent for longer than a worker may be; its jobs run elsewhere
    STOPPED = "stopped"  # by itself


def condition(worker: Worker, now: datetime) -> Condition:
    """Return a worker's condition; the keeper stops only workers that were silent before."""
    beat, missed = settings.BACKLINE_HEARTBEAT_S, timedelta(seconds=settings.BACKLINE_HEARTBEAT_S + 1)
    if worker.stopped_at is not None:
        return Condition.DEAD if worker.stopped_at - worker.heartbeat_at > missed else Condition.STOPPED
    silence = now - worker.heartbeat_at
    if silence > timedelta(seconds=settings.BACKLINE_DEAD_AFTER_S):
        return Condition.DEAD
    return Condition.SILENT if silence > timedelta(seconds=2 * beat) else Condition.ALIVE


def any_alive() -> bool:
    """Say whether a worker is alive or only silent."""
    since = Now() - timedelta(seconds=settings.BACKLINE_DEAD_AFTER_S)
    return Worker.objects.filter(stopped_at=None, heartbeat_at__gt=since).exists()


def running_by_worker() -> dict[int, str]:
    """Return what each worker runs: its kinds, and how many jobs of each it holds."""
    found: defaultdict[int, list[str]] = defaultdict(list)
    for worker_id, kind, jobs in sql.run("running_by_worker", {}):
        found[worker_id].append(kind if jobs == 1 else f"{kind} ({count(jobs, 'job')})")
    return {worker_id: ", ".join(kinds) for worker_id, kinds in found.items()}
