"""Fire: insert the jobs of moments that have come and move their schedules on, in one transaction.

Two beats never take the same moment: they lock different plans, and the moment itself is unique.
A death at any line undoes the whole batch, and the next beat takes it.
"""

import logging
from dataclasses import dataclass, field
from datetime import datetime

from django.db import DataError, IntegrityError, transaction

from apps.jobs import origin, registry
from apps.jobs.origin import current
from apps.lib.ids import new_id
from apps.schedules import foreign, sql, timing
from apps.schedules.arguments import read_args, read_kwargs
from apps.schedules.row import Row, read

log = logging.getLogger("backline.beat")

BATCH = 100

# What a bad row raises (Unreadable and Untimely are ValueErrors); anything else undoes the batch.
_BAD_ROW = (registry.UnknownKind, TypeError, ValueError, OverflowError, DataError, IntegrityError)


@dataclass(slots=True)
class _Batch:
    """What one transaction did, to be written down set-wise at its end."""

    ids: list[int] = field(default_factory=list)
    next_at: list[datetime | None] = field(default_factory=list)
    problem: list[str] = field(default_factory=list)
    ran: list[int] = field(default_factory=list)


def fire(beat: str) -> int:
    """Fire up to a batch of due schedules for the beat of this name; return how many were looked at."""
    with transaction.atomic():
        locked = sql.run("lock_due", {"batch": BATCH})
        if not locked:
            return 0
        now = max(moment for _, moment in locked)
        batch = _Batch()
        for row in read([schedule_id for schedule_id, _ in locked]):
            _fire_one(row, now, beat, batch)
        sql.run("move_on", {"ids": batch.ids, "next_at": batch.next_at, "problem": batch.problem})
        if batch.ran:
            sql.run("count_runs", {"ids": batch.ran})
    return len(locked)


def _fire_one(row: Row, now: datetime, beat: str, batch: _Batch) -> None:
    problem = ""
    try:
        due = row.next_at or now
        moment = timing.moment_to_run(row, due, now)
        next_at = timing.moment_after(row, moment)
        with transaction.atomic():
            was_free = _take(row, moment, beat, missed_since=due if due < moment else None)
        batch.ran += [row.id] if was_free else []
    except _BAD_ROW as error:
        next_at, problem = None, _sentence(error)
        log.error("schedule %r is set aside: %s", row.name, problem)
    batch.ids.append(row.id)
    batch.next_at.append(next_at)
    batch.problem.append(problem)


def _take(row: Row, moment: datetime, beat: str, *, missed_since: datetime | None) -> bool:
    """Take the moment and start what it is for; say whether it was still free."""
    kind = registry.kinds().get(row.task)
    if kind is None and not foreign.is_known(row.task):
        raise registry.UnknownKind(f"No job type or Celery task is called {row.task!r}. Choose another.")
    job_id = None if kind is None else new_id()
    taken = {"schedule_id": row.id, "at": moment, "beat": beat, "job_id": job_id}
    if not sql.run("take_moment", taken | {"missed_since": missed_since}):
        return False
    if kind is None:
        message = foreign.message_of(row)
        transaction.on_commit(lambda: foreign.send_soon(row.task, message), robust=True)
        return True
    with origin(trigger="schedule", subject=row.name):
        options = {"queue": row.queue or None, "priority": row.priority, "task_id": job_id}
        kind.enqueue(read_args(row), read_kwargs(row), current(), **options)
    return True


def _sentence(error: BaseException) -> str:
    lines = str(error).replace("\x00", "").splitlines()
    return lines[0][:500] if lines else type(error).__name__
