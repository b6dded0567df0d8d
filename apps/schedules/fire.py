"""Fire: insert the jobs of moments that have come and move their schedules on, in one transaction.

Two beats never take the same moment: they lock different plans, and the moment itself is unique.
A death at any line undoes the whole batch, and the next beat takes it.
"""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import transaction

from apps.jobs import origin
from apps.schedules import sql
from apps.schedules.missed import Taken, decide
from apps.schedules.models.moment import Moment
from apps.schedules.overlap import Running
from apps.schedules.row import Row, read
from apps.schedules.start import is_of_row, job_id_for, reason_of, start_all
from apps.schedules.take import NewMoment, take

log = logging.getLogger("backline.beat")

BATCH = 100


@dataclass(slots=True)
class _Batch:
    """What one transaction did, to be written down set-wise at its end."""

    beat: str
    running: Running
    ids: list[int] = field(default_factory=list)
    next_at: list[datetime | None] = field(default_factory=list)
    problem: list[str] = field(default_factory=list)
    ran: Counter[int] = field(default_factory=Counter)

    def note(self, row: Row, next_at: datetime | None, problem: str = "") -> None:
        """Remember when a schedule comes again, or why it does not."""
        self.ids.append(row.id)
        self.next_at.append(next_at)
        self.problem.append(problem)


def fire(beat: str) -> int:
    """Fire up to a batch of due schedules for the beat of this name; return how many were looked at."""
    with transaction.atomic(durable=True), origin(trigger="schedule"):
        locked = sql.run("lock_due", {"batch": BATCH})
        if not locked:
            return 0
        now = max(moment for _, moment in locked)
        rows = read([schedule_id for schedule_id, _ in locked])
        batch = _fire(rows, now, beat)
        sql.run("move_on", {"ids": batch.ids, "next_at": batch.next_at, "problem": batch.problem})
        if batch.ran:
            sql.run("count_runs", {"ids": list(batch.ran.elements())})
    return len(locked)


def _fire(rows: list[Row], now: datetime, beat: str) -> _Batch:
    """Fire all of them together, as long as nothing fails: one at a time took three times as long."""
    batch = _Batch(beat, Running(rows))
    try:
        with transaction.atomic():
            _fire_together(rows, now, batch)
    except Exception as error:
        if not is_of_row(error):
            raise
        batch = _Batch(beat, Running(rows))
        for row in rows:
            _fire_alone(row, now, batch)
    return batch


def _fire_alone(row: Row, now: datetime, batch: _Batch) -> None:
    """Fire one schedule, and set it aside when it fails, whatever is wrong with it."""
    try:
        with transaction.atomic():
            _fire_together([row], now, batch)
    except Exception as error:
        if not is_of_row(error):
            raise
        problem = reason_of(error)
        log.error("schedule %r is set aside: %s", row.name, problem)
        batch.note(row, None, problem)


def _fire_together(rows: Sequence[Row], now: datetime, batch: _Batch) -> None:
    """Take each schedule's first moment, then their second ones where some were missed; none past a limit."""
    verdicts = [decide(row, row.next_at or now, now) for row in rows]
    ran: Counter[int] = Counter()
    for place in range(max(len(verdict.taken) for verdict in verdicts)):
        due = [
            (row, verdict.taken[place])
            for row, verdict in zip(rows, verdicts, strict=True)
            if place < len(verdict.taken) and ran[row.id] != row.runs_left
        ]
        ran.update(_take(due, batch))
    for row, verdict in zip(rows, verdicts, strict=True):
        batch.note(row, None if ran[row.id] == row.runs_left else verdict.next_at)
    batch.ran += ran


def _take(due: Sequence[tuple[Row, Taken]], batch: _Batch) -> list[int]:
    """Take a moment of each and start what it is for, as far as it may run; return whose did."""
    moments = [(row, _decided(row, taken, batch.running)) for row, taken in due]
    free = take([one for _, one in moments], batch.beat)
    taken = [(row, one) for row, one in moments if row.id in free]
    started = _start([(row, one.job_id) for row, one in taken if one.outcome == Moment.Outcome.RAN], batch)
    of_others = [
        Moment(pk=free[one.schedule_id], job_id=started[one.schedule_id])  # a unique kind has a job already
        for _, one in taken
        if one.schedule_id in started and started[one.schedule_id] != one.job_id
    ]
    if of_others:
        Moment.objects.bulk_update(of_others, ["job_id"])
    for row, one in taken:
        batch.running.took(row, one.outcome, started.get(row.id))
    return list(started)


def _start(wanted: Sequence[tuple[Row, UUID | None]], batch: _Batch) -> dict[int, UUID | None]:
    """Start what these schedules are for, and cancel what gives way to it; return the jobs by schedule."""
    for row, _ in wanted:
        batch.running.make_way(row)
    job_ids = start_all(wanted)
    return {row.id: job_id for (row, _), job_id in zip(wanted, job_ids, strict=True)}


def _decided(row: Row, taken: Taken, running: Running) -> NewMoment:
    """Return what becomes of a moment; one that is to run gets its job's id here."""
    outcome = running.outcome(row) if taken.outcome == Moment.Outcome.RAN else taken.outcome
    job_id = job_id_for(row) if outcome == Moment.Outcome.RAN else None
    return NewMoment(row.id, taken.at, outcome, job_id, taken.missed_since)
