"""Keep a schedule's jobs from running beside one another, as far as its policy says so."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from uuid import UUID

from apps.jobs.operating import cancel
from apps.jobs.operating.job_filter import JobFilter
from apps.schedules import sql
from apps.schedules.models.moment import Moment
from apps.schedules.models.policy import Policy
from apps.schedules.row import Row


class Running:
    """The unfinished jobs of a batch of schedules; it learns what the batch itself starts."""

    def __init__(self, rows: Iterable[Row]) -> None:
        """Look for the jobs of those rows that care about them, in two statements at most."""
        self._jobs: defaultdict[int, list[UUID]] = defaultdict(list)
        self._waiting: set[int] = set()
        ids = [row.id for row in rows if row.overlap != Policy.Overlap.ALLOW]
        if ids:
            self._look(ids)

    def outcome(self, row: Row) -> Moment.Outcome:
        """Say what becomes of a moment that would run now."""
        gives_way = row.overlap in (Policy.Overlap.ALLOW, Policy.Overlap.CANCEL_PREVIOUS)
        if gives_way or not self._jobs[row.id]:
            return Moment.Outcome.RAN
        if row.overlap == Policy.Overlap.QUEUE_ONE and row.id not in self._waiting:
            return Moment.Outcome.WAITS
        return Moment.Outcome.OVERLAPPED

    def make_way(self, row: Row) -> None:
        """Cancel what still runs, where the policy wants it so."""
        given_way = tuple(self._jobs[row.id]) if row.overlap == Policy.Overlap.CANCEL_PREVIOUS else ()
        if given_way:
            actor, reason = f"schedule {row.name}", "Its next moment came before it had ended."
            cancel.cancel(JobFilter(ids=given_way), actor=actor, reason=reason)
            self._jobs[row.id].clear()

    def took(self, row: Row, outcome: Moment.Outcome, job_id: UUID | None) -> None:
        """Remember what became of a moment, for the next of the same batch."""
        if outcome == Moment.Outcome.WAITS:
            self._waiting.add(row.id)
        elif job_id is not None:
            self._jobs[row.id].append(job_id)

    def _look(self, ids: Collection[int]) -> None:
        for schedule_id, job_id in sql.run("live_jobs", {"ids": list(ids)}):
            self._jobs[schedule_id].append(job_id)
        self._waiting.update(schedule_id for (schedule_id,) in sql.run("waiting", {"ids": list(ids)}))
