"""The schedules of a trial: made for it, held against the oracle after it, gone then."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import psycopg

from apps.local.chaos.moments import Record, Story, Tally, tally
from apps.local.chaos.oracle import Wanted, due
from apps.local.chaos.rig import NotInTime
from apps.local.chaos.trial import Trial

_SQL = Path(__file__).with_name("sql") / "schedules.sql"
_PLANNED = "SELECT count(*) FROM schedules_plan WHERE schedule_id = ANY (%s) AND next_at >= %s AND NOT edited"
_PASSED = "SELECT count(*) FROM schedules_plan WHERE schedule_id = ANY (%s) AND next_at <= %s"
_SWITCH_OFF = "UPDATE django_celery_beat_periodictask SET enabled = false WHERE id = ANY (%s)"
_DELETE = "DELETE FROM django_celery_beat_periodictask WHERE id = ANY (%s)"
_JOBS = "SELECT count(*) FROM jobs_job WHERE subject = ANY (%s)"
_UNDONE = f"{_JOBS} AND state NOT IN (6, 7, 8)"
_JOBS_OF = "SELECT id, enqueued_at FROM jobs_job WHERE subject = %s"
_RECORDS = "SELECT at, fired_at, job_id, missed_since FROM schedules_moment WHERE schedule_id = %s"


@contextmanager
def timetable(trial: Trial, wanted: Sequence[Wanted], start: datetime) -> Iterator["Timetable"]:
    """Run schedules from a moment to come; count at the end what came of their moments."""
    table = Timetable(trial, wanted, start)
    try:
        table.await_plan()
        yield table
        last = table.settle()
        table.switch_off()
        trial.tally.add(table.judge(last))
    finally:
        with suppress(psycopg.OperationalError):
            table.delete()


class Timetable:
    """Schedules, and what becomes of their moments while beats are ill-treated."""

    def __init__(self, trial: Trial, wanted: Sequence[Wanted], start: datetime) -> None:
        """Make them."""
        self._rig = trial.rig
        self._start = start
        self._wanted = {f"{one.label} {uuid4().hex[:8]}": one for one in wanted}
        self._gaps: list[tuple[datetime, datetime]] = []
        rows = [_row(name, one, start) for name, one in self._wanted.items()]
        self._ids: dict[str, int] = dict(self._rig.ask(_SQL.read_text(encoding="utf-8"), json.dumps(rows)))

    def await_plan(self) -> None:
        """Wait until a beat has worked out when each runs first."""
        self._rig.until(
            lambda: self._rig.value(_PLANNED, self._known, self._start) == len(self._ids), "a plan"
        )
        if self._rig.now() >= self._start:
            raise NotInTime("no beat saw the schedules before they began")

    def jobs(self) -> int:
        """Count the jobs that were made so far."""
        return int(self._rig.value(_JOBS, list(self._ids)))

    def undone(self) -> int:
        """Count those of them that did not end yet."""
        return int(self._rig.value(_UNDONE, list(self._ids)))

    def progress(self, jobs: int = 1) -> float:
        """Wait until so many more jobs were made; return how long that took."""
        enough = self.jobs() + jobs
        return self._rig.until(lambda: self.jobs() >= enough, f"{jobs} jobs of schedules")

    def move_clock(self, seconds: int) -> None:
        """Set PostgreSQL's clock forward or back."""
        with self.gap():
            self._rig.clock.move(seconds)

    @contextmanager
    def gap(self) -> Iterator[None]:
        """Note that nobody can look meanwhile, or that the clock is set."""
        was = self._rig.now()
        yield
        self._gaps.append((was, self._rig.now()))

    def settle(self) -> datetime:
        """Wait until everything was taken that is due by now; return what the clock showed."""
        now = self._rig.now()
        self._rig.until(lambda: self._rig.value(_PASSED, self._known, now) == 0, "every moment was taken")
        return now

    def switch_off(self) -> None:
        """Have them stand still; a beat that is at one ends that first."""
        self._rig.ask(_SWITCH_OFF, self._known)

    def judge(self, last: datetime) -> Tally:
        """Hold what there is against what was due until the last moment that was settled."""
        found = Tally()
        for name, one in self._wanted.items():
            found.add(tally(self._story(name, one, last)))
        return found

    def delete(self) -> None:
        """Delete them; the entries and the jobs stay."""
        self._rig.ask(_DELETE, self._known)

    def _story(self, name: str, wanted: Wanted, last: datetime) -> Story:
        records = [
            Record(at, fired_at, None if job is None else str(job), missed_since)
            for at, fired_at, job, missed_since in self._rig.ask(_RECORDS, self._ids[name])
        ]
        moments = due(wanted, self._start, max([last, *(record.at for record in records)]))
        jobs = {str(job): at for job, at in self._rig.ask(_JOBS_OF, name)}
        return Story(wanted, moments, jobs, records, self._gaps)

    @property
    def _known(self) -> list[int]:
        return list(self._ids.values())


def _row(name: str, wanted: Wanted, start: datetime) -> dict[str, object]:
    return {
        "name": name,
        "task": f"chaos.{wanted.kind}",
        "line": wanted.line,
        "zone": wanted.zone,
        "every": wanted.every_s,
        "missed": wanted.missed,
        "cap": wanted.cap,
        "start_time": start.isoformat(),
    }
