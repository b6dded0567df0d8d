"""Fire: insert the jobs of moments that have come and move their schedules on, in one transaction.

Two beats never take the same moment: they lock different plans, and the moment itself is unique.
A death at any line undoes the whole batch, and the next beat takes it.
"""

import logging
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from apps.jobs import origin
from apps.schedules import sql
from apps.schedules.missed import Taken, Verdict, decide
from apps.schedules.models.moment import Moment
from apps.schedules.overlap import Running
from apps.schedules.row import Row, read
from apps.schedules.start import REFUSALS, job_id_for, reason_of, start

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
    ran: list[int] = field(default_factory=list)

    def note(self, row: Row, next_at: datetime | None, problem: str = "") -> None:
        """Remember when a schedule comes again, or why it does not."""
        self.ids.append(row.id)
        self.next_at.append(next_at)
        self.problem.append(problem)


def fire(beat: str) -> int:
    """Fire up to a batch of due schedules for the beat of this name; return how many were looked at."""
    with transaction.atomic(), origin(trigger="schedule"):
        locked = sql.run("lock_due", {"batch": BATCH})
        if not locked:
            return 0
        now = max(moment for _, moment in locked)
        rows = read([schedule_id for schedule_id, _ in locked])
        try:
            with transaction.atomic():
                batch = _fire_all(rows, now, _Batch(beat, Running(rows)))
        except REFUSALS:
            batch = _fire_each(rows, now, _Batch(beat, Running(rows)))
        sql.run("move_on", {"ids": batch.ids, "next_at": batch.next_at, "problem": batch.problem})
        if batch.ran:
            sql.run("count_runs", {"ids": batch.ran})
    return len(locked)


def _fire_all(rows: list[Row], now: datetime, batch: _Batch) -> _Batch:
    """Fire all of them, as long as nothing is refused: savepoints were half of what a schedule cost."""
    for row in rows:
        batch.note(row, _fire_one(row, now, batch))
    return batch


def _fire_each(rows: list[Row], now: datetime, batch: _Batch) -> _Batch:
    """Fire each as if it were alone, and set those aside that are refused."""
    for row in rows:
        next_at, problem = None, ""
        try:
            with transaction.atomic():
                next_at = _fire_one(row, now, batch)
        except REFUSALS as error:
            problem = reason_of(error)
            log.error("schedule %r is set aside: %s", row.name, problem)
        batch.note(row, next_at, problem)
    return batch


def _fire_one(row: Row, now: datetime, batch: _Batch) -> datetime | None:
    """Fire one schedule; return when it comes again."""
    verdict = decide(row, row.next_at or now, now)
    ran = _take_all(row, verdict, batch)
    batch.ran += [row.id] * ran
    return None if ran == row.runs_left else verdict.next_at


def _take_all(row: Row, verdict: Verdict, batch: _Batch) -> int:
    """Take the moments that were still free; return how many runs were started, not more than are left."""
    ran = 0
    for moment in verdict.taken:
        if ran == row.runs_left:
            break
        ran += _take(row, moment, batch)
    return ran


def _take(row: Row, moment: Taken, batch: _Batch) -> bool:
    """Take a moment and start what it is for, as far as it may run; say whether it did."""
    is_to_run = moment.outcome == Moment.Outcome.RAN
    outcome = batch.running.outcome(row) if is_to_run else moment.outcome
    job_id = job_id_for(row) if outcome == Moment.Outcome.RAN else None
    taken = {"schedule_id": row.id, "beat": batch.beat, "job_id": job_id}
    was_free = sql.run("take_moment", taken | moment._asdict() | {"outcome": outcome})
    if not was_free:
        return False
    if outcome == Moment.Outcome.RAN:
        batch.running.make_way(row)
        wished, job_id = job_id, start(row, job_id)
        if job_id != wished:  # a unique kind has a job already
            Moment.objects.filter(pk=was_free[0][0]).update(job_id=job_id)
    batch.running.took(row, outcome, job_id)
    return outcome == Moment.Outcome.RAN
