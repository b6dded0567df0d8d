"""What came of a schedule's last twenty moments, for many schedules in one statement."""

from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import NamedTuple
from uuid import UUID

from apps.jobs.states import WAITING, State
from apps.schedules import sql
from apps.schedules.models.moment import Moment

_STARTED = (Moment.Outcome.RAN, Moment.Outcome.BY_HAND)
_MISSED = (Moment.Outcome.MISSED, Moment.Outcome.DECLINED, Moment.Outcome.ASKED)


class Came(NamedTuple):
    """What came of one moment, in a word: a job's state, or why there is no job."""

    at: datetime
    word: str
    took: timedelta | None
    job_id: UUID | None


@dataclass(frozen=True)
class Summary:
    """The last moments of one schedule, the newest first."""

    came: list[Came]
    missed: int  # and moments that took the place of missed ones
    overlapped: int

    @cached_property
    def words(self) -> Counter[str]:
        """Count the moments by what came of them."""
        return Counter(came.word for came in self.came)

    @cached_property
    def usual(self) -> timedelta | None:
        """Return how long its jobs took on average that ended well."""
        ended_well = [came.took for came in self.came if came.word == State.SUCCEEDED.label]
        took = [took for took in ended_well if took is not None]
        return sum(took, timedelta()) / len(took) if took else None


NOTHING = Summary([], 0, 0)


def summaries(ids: Collection[int]) -> dict[int, Summary]:
    """Return what came of the last moments of those schedules that had any."""
    found: defaultdict[int, list[Came]] = defaultdict(list)
    missed, overlapped = Counter[int](), Counter[int]()
    for schedule_id, at, outcome, had_missed, job_id, state, seconds in sql.run(
        "summaries", {"ids": list(ids)}
    ):
        took = None if seconds is None else timedelta(seconds=seconds)
        found[schedule_id].append(Came(at, _word(outcome, job_id, state), took, job_id))
        missed[schedule_id] += had_missed or outcome in _MISSED
        overlapped[schedule_id] += outcome == Moment.Outcome.OVERLAPPED
    return {pk: Summary(came, missed[pk], overlapped[pk]) for pk, came in found.items()}


def _word(outcome: str, job_id: UUID | None, state: int | None) -> str:
    if outcome not in _STARTED:
        return "skipped" if outcome == Moment.Outcome.OVERLAPPED else outcome
    if job_id is None:
        return "sent"  # a Celery task without a row
    if state is None:
        return "forgotten"  # older than what the ledger keeps
    return "waiting" if State(state) in WAITING and state != State.RETRYING else str(State(state).label)
