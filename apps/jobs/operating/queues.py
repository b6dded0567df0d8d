"""How each queue stands now: how many wait, since when, and who takes them.  Read by pages for operators."""

from dataclasses import dataclass
from datetime import datetime

from apps.jobs import registry, sql

MOST_COUNTED = 10_000


@dataclass(frozen=True, slots=True)
class Queue:
    """One queue at this moment."""

    name: str
    waiting: int  # in line, counted up to MOST_COUNTED + 1
    first_since: datetime | None  # when the job at the head of the line was enqueued
    in_broker: int  # messages handed over and not yet done
    workers: int
    slots: int
    is_paused: bool
    until: datetime | None
    reason: str

    @property
    def has_more(self) -> bool:
        """Say whether more wait than were counted."""
        return self.waiting > MOST_COUNTED


def queues() -> list[Queue]:
    """Return every queue that is declared, listened to, paused or has something in it."""
    declared = {kind.job_queue for kind in registry.kinds().values()} | registry.queues()
    rows = sql.run("queues", {"declared": sorted(declared), "most": MOST_COUNTED + 1})
    return [Queue(*row) for row in rows]
