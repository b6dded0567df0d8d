"""Hold what the ledger has against what was due: one job for each moment, or its recorded skip.

Pure. The moments come from the oracle and the jobs from the ledger; what the scheduler wrote down only says
which belongs to which, and may not contradict either.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from apps.local.chaos.oracle import Wanted

GRACE = timedelta(minutes=1)  # after an absence of up to so long every moment still runs


@dataclass(frozen=True, slots=True)
class Record:
    """What the scheduler wrote down about one moment."""

    at: datetime
    fired_at: datetime
    job: str | None
    missed_since: datetime | None


@dataclass(frozen=True, slots=True)
class Story:
    """All there is about one schedule of a trial."""

    wanted: Wanted
    due: Sequence[datetime]  # until the end of the trial, in order
    jobs: Mapping[str, datetime]  # all that name the schedule, with when they were enqueued
    records: Sequence[Record]
    gaps: Sequence[
        tuple[datetime, datetime]
    ] = ()  # what the clock showed as somebody set it or nobody could look

    @property
    def taken(self) -> list[Record]:
        """Return the entries whose job is there."""
        return [record for record in self.records if record.job in self.jobs]


@dataclass
class Tally:
    """What came of the moments of schedules."""

    due: int = 0
    taken: int = 0
    skipped: int = 0  # and written down
    slept: int = 0  # of these: though a beat could have looked
    lost: int = 0  # neither
    doubled: int = 0  # jobs beyond the one that was due
    wrong: list[str] = field(default_factory=list)
    jobs: dict[str, str] = field(default_factory=dict)  # their kinds

    def add(self, other: "Tally") -> None:
        """Add what came of another schedule's moments."""
        for name in ("due", "taken", "skipped", "slept", "lost", "doubled"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.wrong += other.wrong
        self.jobs |= other.jobs

    def __str__(self) -> str:
        """Say it for the fault's line."""
        slept = f" ({self.slept} of them though a beat could look)" if self.slept else ""
        skipped = f"{self.skipped} skipped and written down{slept}"
        return f"{self.due} moments due, {self.taken} taken, {skipped}, {self.doubled} fired twice"


def tally(story: Story) -> Tally:
    """Count what came of a schedule's moments, and say in sentences what may not be."""
    found = Tally(due=len(story.due), jobs=dict.fromkeys(story.jobs, f"chaos.{story.wanted.kind}"))
    owned = {record.at for record in story.taken}
    skipped = {moment for record in story.records for moment in _skipped(story, record)}
    found.taken = len(owned & set(story.due))
    found.skipped = len(skipped - owned)
    found.slept = sum(not _in_gap(story, moment) for moment in skipped)
    missing = set(story.due) - owned - skipped
    found.lost = len(missing)
    found.doubled = max(len(story.jobs) - found.taken, 0)
    faults = {
        "no job and no skip": missing,
        "said to be skipped, and has a job": skipped & owned,
        "taken though nothing was due": {record.at for record in story.records} - set(story.due),
        "its job is not in the ledger": _without_job(story),
        "its job came before it": _early(story),
        "passed over, which the policy forbids": _passed_over_wrongly(story),
    }
    found.wrong = [
        f"{story.wanted.label}: {what}: {_some(moments)}" for what, moments in faults.items() if moments
    ]
    if found.doubled:
        found.wrong.append(f"{story.wanted.label}: {found.doubled} jobs more than moments")
    return found


def _skipped(story: Story, record: Record) -> set[datetime]:
    """Return the moments that an entry says were passed over."""
    first = bisect_left(story.due, record.missed_since or record.at)
    last = (bisect_right if record.job is None else bisect_left)(story.due, record.at)
    return set(story.due[first:last])


def _in_gap(story: Story, moment: datetime) -> bool:
    return any(was - GRACE <= moment <= became + GRACE for was, became in story.gaps)


def _without_job(story: Story) -> set[datetime]:
    return {record.at for record in story.records if record.job is not None and record.job not in story.jobs}


def _early(story: Story) -> set[datetime]:
    """Return moments whose job was enqueued before them, but those that had come when it was set back."""

    def had_come(moment: datetime, enqueued_at: datetime) -> bool:
        return any(moment <= was and abs(enqueued_at - became) <= GRACE for was, became in story.gaps)

    jobs = {record.at: story.jobs[record.job or ""] for record in story.taken}
    return {moment for moment, at in jobs.items() if at < moment and not had_come(moment, at)}


def _passed_over_wrongly(story: Story) -> set[datetime]:
    """Return moments that were passed over within the minute, or below the cap of one that runs all."""
    wrong: set[datetime] = set()
    for record in story.records:
        if not (passed := _skipped(story, record)):
            continue
        looked_at = story.jobs.get(record.job or "", record.fired_at)
        late = bisect_right(story.due, looked_at) - bisect_left(story.due, min(passed))
        runs_all = story.wanted.missed == "all" and late <= story.wanted.cap
        if looked_at - min(passed) <= GRACE or runs_all:
            wrong |= passed
    return wrong


def _some(moments: set[datetime]) -> str:
    first = sorted(moments)[:3]
    more = f" and {len(moments) - len(first)} more" if len(moments) > len(first) else ""
    return ", ".join(moment.isoformat(" ", "seconds") for moment in first) + more
