"""What should have started and did not: one answer for the keeper, the doctor, pages and metrics.

It reads the small tables (line, window, parked jobs, workers, pauses) within bounds, never the table of jobs.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.conf import settings
from django.utils import timezone

from apps.jobs import registry, sql
from apps.jobs.models.pause import Pause
from apps.jobs.operating import pause
from apps.jobs.operating.served import Asked, Served, served
from apps.lib import words

MOST_COUNTED = 10_000
LONGEST_NAP_S = 310  # of what is set aside, and a little
_LANES, _HEADS = 100, 20  # of a queue's line, and of each lane: what the relay takes next
_MESSAGES = 5_000
_SENT_OFTEN = 6  # times, with growing pauses: over two minutes


@dataclass(frozen=True, slots=True)
class Cause:
    """One reason for which jobs do not start, and what to do."""

    reason: str
    sentence: str
    mend: str
    queue: str = ""
    kind: str = ""
    jobs: int = 0  # counted up to MOST_COUNTED + 1
    oldest_at: datetime | None = None  # when the oldest of them was enqueued


class Waiting(NamedTuple):
    """Jobs of one queue and kind in one place: a row of not_started.sql."""

    place: str  # line, head (its jobs by kind; "part" when too long to read), window, parked, asleep or dead
    queue: str
    kind: str
    version: int
    tries: int  # how often their message was sent
    idle: int  # slots of live workers that run none of our jobs
    jobs: int
    oldest_at: datetime | None


@dataclass(frozen=True, slots=True)
class Standing:
    """Everything that waits, and each cause for which some of it does not start."""

    waiting: list[Waiting]
    causes: list[Cause]

    def count(self, queue: str | None = None) -> int:
        """Count the jobs that could run and wait, in one queue or in all."""
        places = ("line", "window", "parked", "asleep")
        return sum(row.jobs for row in self.waiting if row.place in places and queue in (None, row.queue))

    def oldest_at(self, queue: str) -> datetime | None:
        """Return when the oldest job that waits in a queue was enqueued."""
        found = (row.oldest_at for row in self.waiting if row.queue == queue and row.place != "dead")
        return min((moment for moment in found if moment), default=None)


def look() -> Standing:
    """Look once."""
    waiting = [Waiting(*row) for row in sql.run("not_started", _BOUNDS | _patience())]
    workers = served(_asked(waiting))
    pauses = {(row.scope, row.name): row for row in pause.paused().select_related("paused_by")}
    kinds = {
        name: row
        for (scope, kind), row in pauses.items()
        if scope == "kind"
        for name in registry.names_of(kind)
    }
    queues = {name: row for (scope, name), row in pauses.items() if scope == "queue"}
    return Standing(waiting, list(_Causes(waiting, workers, queues, kinds)))


def paused_words(row: Pause, name: str = "") -> str:
    """Return who paused it, until when and why, as a sentence."""
    by = f" by {row.paused_by.get_username()}" if row.paused_by else ""
    until = f" until {words.whole(timezone.localtime(row.until))}" if row.until else ""
    why = f": {row.reason.rstrip('.')}" if row.reason else ""
    return f"{words.sentence_case(row.scope)} {name or row.name} is paused{by}{until}{why}."


_BOUNDS = {
    "lanes": _LANES,
    "heads": _HEADS,
    "messages": _MESSAGES,
    "most": MOST_COUNTED + 1,
    "nap": LONGEST_NAP_S,
}


def _patience() -> dict[str, int]:
    return {"dead_after": settings.BACKLINE_DEAD_AFTER_S}


def _asked(waiting: Sequence[Waiting]) -> Iterator[Asked]:
    for row in waiting:
        yield Asked(row.queue)
        yield Asked(row.queue, row.kind, row.version)


class _Causes:
    """The causes of one look, queue by queue; the widest cause of a job is the one that counts."""

    def __init__(
        self,
        waiting: Sequence[Waiting],
        workers: Mapping[Asked, Served],
        queues: Mapping[str, Pause],
        kinds: Mapping[str, Pause],
    ) -> None:
        self._rows = waiting
        self._workers = workers
        self._queues = queues
        self._kinds = kinds

    def __iter__(self) -> Iterator[Cause]:
        by_queue: dict[str, list[Waiting]] = defaultdict(list)
        for row in self._rows:
            if row.place != "dead":
                by_queue[row.queue].append(row)
        for queue, rows in by_queue.items():
            yield from self._of_queue(queue, rows)
        for row in self._rows:
            if row.place == "dead":
                yield _died(row)

    def _of_queue(self, queue: str, rows: Sequence[Waiting]) -> Iterator[Cause]:
        whole = [row for row in rows if row.place != "head"]  # heads are a part of the line
        asked = Asked(queue)
        if queue in self._queues and whole:
            yield _cause("paused", whole, queue, "", paused_words(self._queues[queue]), _RESUME)
        elif whole and (fault := self._workers[asked].fault(asked)):
            yield _cause(fault.reason, whole, queue, "", fault.sentence, fault.mend)
        else:
            yield from self._of_kinds(queue, rows)

    def _of_kinds(self, queue: str, rows: Sequence[Waiting]) -> Iterator[Cause]:
        by_kind: dict[str, list[Waiting]] = defaultdict(list)
        is_long = any(row.place == "line" and row.jobs > MOST_COUNTED for row in rows)
        for row in rows:
            if row.place != "line":
                in_part = is_long and row.place == "head"
                by_kind[row.kind].append(row._replace(place="part") if in_part else row)
        for kind, own in by_kind.items():
            if kind in self._kinds:
                yield _cause("paused", own, queue, kind, paused_words(self._kinds[kind], kind), _RESUME)
            else:
                yield from self._unreadable(queue, kind, own)

    def _unreadable(self, queue: str, kind: str, rows: Sequence[Waiting]) -> Iterator[Cause]:
        for version in sorted({row.version for row in rows}, reverse=True):
            asked = Asked(queue, kind, version)
            own = [row for row in rows if row.version == version]
            if fault := self._workers[asked].fault(asked):
                yield _cause(fault.reason, own, queue, kind, fault.sentence, fault.mend)
                return
        stuck = [row for row in rows if row.place == "window" and row.tries >= _SENT_OFTEN and row.idle > 0]
        if stuck:
            sentence = (
                f"Messages of {kind} in queue {queue} were sent {stuck[0].tries} times and no worker took "
                f"them, although {words.count(stuck[0].idle, 'slot')} of its live workers run no job."
            )
            yield _cause("not taken", stuck, queue, kind, sentence, _NOT_TAKEN)


_RESUME = "Resume it in the admin under Queues and kinds."
_NOT_TAKEN = "Check that the workers use the same CELERY_BROKER_URL, and restart them."


def _cause(reason: str, rows: Sequence[Waiting], queue: str, kind: str, sentence: str, mend: str) -> Cause:
    jobs = min(sum(row.jobs for row in rows), MOST_COUNTED + 1)
    oldest = min((row.oldest_at for row in rows if row.oldest_at), default=None)
    at_least = any(row.place == "part" for row in rows) and jobs <= MOST_COUNTED
    counted = f"At least {_wait(jobs)}" if at_least else _wait(jobs)
    return Cause(reason, f"{sentence} {counted}", mend, queue, kind, jobs, oldest)


def _died(row: Waiting) -> Cause:
    jobs = min(row.jobs, MOST_COUNTED + 1)
    sentence = f"{_counted(jobs)} of kind {row.kind} died because no live worker could read them."
    mend = f"When one can, run: manage.py dead_letters replay --kind {row.kind}"
    return Cause("died unread", sentence, mend, row.queue, row.kind, jobs, row.oldest_at)


def _wait(jobs: int) -> str:
    return f"{_counted(jobs)} {'waits' if jobs == 1 else 'wait'}."


def _counted(jobs: int) -> str:
    return (
        f"More than {words.count(MOST_COUNTED, 'job')}" if jobs > MOST_COUNTED else words.count(jobs, "job")
    )
