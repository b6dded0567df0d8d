"""Each queue now: how many jobs wait, since when, which workers take them.  Read by pages for operators."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from apps.jobs import registry, sql
from apps.jobs.operating.not_started import MOST_COUNTED, Cause, Standing


@dataclass(frozen=True, slots=True)
class Queue:
    """One queue at this moment."""

    name: str
    waiting: int  # in line (counted up to MOST_COUNTED + 1), in the broker, parked or put aside
    oldest_at: datetime | None  # when the oldest of them was enqueued
    causes: list[Cause]  # for which some of them do not start
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


def queues(standing: Standing) -> list[Queue]:
    """Return every queue that is declared, has a worker, is paused or has something in it."""
    known = {kind.job_queue for kind in registry.kinds().values()} | registry.queues()
    known |= {row.queue for row in standing.waiting}
    rows = sql.run("queues", {"known": sorted(known), "dead_after": settings.BACKLINE_DEAD_AFTER_S})
    return [
        Queue(
            name,
            standing.count(name),
            standing.oldest_at(name),
            [cause for cause in standing.causes if cause.queue == name],
            *rest,
        )
        for name, *rest in rows
    ]
