"""Forget jobs that ended long ago, with their weeks: a duty of the keeper.

A week of which nothing is needed any more is dropped whole. In a week where something is (a job that sleeps
for months, a dead letter that nobody decided about), what may go is deleted. Both take many calls.
"""

from collections.abc import Generator, Iterator
from datetime import datetime, timedelta
from time import monotonic
from typing import NamedTuple
from uuid import UUID

from django.conf import settings

from apps.jobs import sql
from apps.jobs.keeper import old_weeks, orphans
from apps.jobs.keeper.old_weeks import Week
from apps.jobs.keeper.sober_clock import earliest_now

_FROM_THE_START = UUID(int=0)
_AT_A_STRETCH_S = 0.05  # of each second: the disk has other work
_REST_S = 3600.0
_REST_AFTER_TROUBLE_S = 60.0
_REST_WHILE_ONE_IS_OUT_S = 60.0  # what lives in it is not seen meanwhile
_TOO_LONG_S = 30.0  # between two calls: another keeper may have led


class Seen(NamedTuple):
    """What one look at the next jobs of a week found."""

    jobs: int
    needed: int  # of them: alive, ended lately, or a dead letter that is open
    gone: int  # of them: deleted just now
    last: UUID | None


class PruneJobs:
    """Look through the weeks that are old enough, a part at each call; then at what gone jobs left behind."""

    def __init__(self, *, batch: int = 5000) -> None:
        self._batch = batch
        self._round: Iterator[int] | None = None
        self._rests_until = 0.0
        self._called_at = 0.0

    def __call__(self) -> int:
        """Do the next parts; return how many rows, or weeks, are gone. Once round it rests for an hour."""
        if monotonic() < self._rests_until or settings.BACKLINE_JOB_DAYS == 0:
            return 0
        if monotonic() > self._called_at + _TOO_LONG_S:
            self._round = None
        self._called_at = monotonic()
        stop_at, gone = self._called_at + _AT_A_STRETCH_S, 0
        try:
            while (more := next(self._round or self._begin(), None)) is not None:
                gone += more
                if monotonic() > stop_at:
                    return gone
        except Exception:
            self._rest(_REST_AFTER_TROUBLE_S)
            raise
        is_one_out = any(week.marked for week in old_weeks.weeks())
        self._rest(_REST_WHILE_ONE_IS_OUT_S if is_one_out else _REST_S)
        return gone

    def _begin(self) -> Iterator[int]:
        self._round = self._parts(_long_ago())
        return self._round

    def _rest(self, seconds: float) -> None:
        self._round, self._rests_until = None, monotonic() + seconds

    def _parts(self, before: datetime) -> Iterator[int]:
        old_weeks.clear_marks()
        old = [week for week in old_weeks.weeks() if week.end <= before and not week.is_somebodys]
        for week in sorted(old, key=lambda week: week.is_attached):  # those that are out come first
            if not (yield from self._prune(week, before)):
                return  # somebody is in the way; and of a week that is out jobs seem gone that may come back
        for gone in orphans.delete(self._batch, before):
            yield gone
            if any(week.marked for week in old_weeks.weeks()):
                return  # another keeper is at it

    def _prune(self, week: Week, before: datetime) -> Generator[int, None, bool]:
        """Drop a week if nothing in it is needed, else delete what is not; say whether that was done."""
        if week.is_attached:
            for seen in self._look_through(week, before, delete=False):
                yield 0
                if seen.needed:
                    yield from (seen.gone for seen in self._look_through(week, before, delete=True))
                    return True
        return (yield from self._drop(week, before))

    def _drop(self, week: Week, before: datetime) -> Generator[int, None, bool]:
        """Take a week out and look through it once more, by itself: a job may have come in meanwhile."""
        if (week.is_attached or week.is_leaving) and not old_weeks.detach(week):
            return False
        out = old_weeks.find(week.name)
        if out is None or out.is_attached:
            return False  # another keeper is at it
        for seen in self._look_through(out, before, delete=False):
            yield 0
            if seen.needed:
                return old_weeks.attach_again(out)
        is_dropped = old_weeks.drop(out)
        yield int(is_dropped)
        return is_dropped

    def _look_through(self, week: Week, before: datetime, *, delete: bool) -> Iterator[Seen]:
        after = _FROM_THE_START
        while True:
            params = {"after": after, "batch": self._batch, "before": before, "delete": delete}
            [found] = sql.run_on(week.name, "prune_jobs", params)
            seen = Seen(*found)
            yield seen
            if seen.last is None or seen.jobs < self._batch:
                return
            after = seen.last


def _long_ago() -> datetime:
    """Return the moment before which jobs are forgotten. A clock that runs ahead must not make it later."""
    return earliest_now() - timedelta(days=settings.BACKLINE_JOB_DAYS)
