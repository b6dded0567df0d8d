"""Marks: the few columns that tell whether what somebody watches has changed."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import NamedTuple
from uuid import UUID

from apps.jobs.states import CLAIMABLE, ENDED
from apps.web import sql

LISTED = 20  # jobs on one page of a list


@dataclass(frozen=True, slots=True)
class Topic:
    """What one stream watches: one job, or the latest jobs of a person."""

    job_id: UUID | None = None
    owner_id: int | None = None


class JobMark(NamedTuple):
    """Where one job stands."""

    id: UUID
    state: int
    attempt: int
    cancel_requested_at: datetime | None
    spoke_at: datetime | None
    last_line: int | None = None
    rejected: int | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """Where everything of a topic stands."""

    jobs: tuple[JobMark, ...] = ()

    @property
    def version(self) -> str:
        """Return a short name of exactly this mark."""
        return blake2b(repr(self.jobs).encode(), digest_size=8).hexdigest()

    @property
    def all_ended(self) -> bool:
        """Say whether no job of it will change any more."""
        return all(job.state in ENDED for job in self.jobs)

    @property
    def any_waits(self) -> bool:
        """Say whether a place in line may move."""
        return any(job.state in CLAIMABLE for job in self.jobs)


def version_of(topic: Topic) -> str:
    """Name where a topic stands; read it before the page, so that what changes meanwhile is sent."""
    return read_marks([topic])[topic].version


def read_marks(topics: Collection[Topic]) -> dict[Topic, Mark]:
    """Read the marks of all topics in two statements, however many there are."""
    ids = list({topic.job_id for topic in topics if topic.job_id is not None})
    owners = list({topic.owner_id for topic in topics if topic.owner_id is not None})
    found: defaultdict[Topic, list[JobMark]] = defaultdict(list)
    for row in sql.run("marks", {"ids": ids}) if ids else []:
        found[Topic(job_id=row[0])].append(JobMark(*row))
    for owner, *columns in sql.run("marks_of_people", {"owners": owners, "most": LISTED}) if owners else []:
        found[Topic(owner_id=owner)].append(JobMark(*columns))
    return {topic: Mark(tuple(found[topic])) for topic in topics}
