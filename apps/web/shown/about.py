"""What a feature adds to the page of its jobs: a title, a unit, a sentence.  Imports are the first."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from apps.jobs.models import Job


@dataclass(frozen=True, slots=True)
class About:
    """A job in the words of the feature it belongs to."""

    title: str
    verb: str = ""  # what it does: "Import"
    unit: str = ""  # what its progress counts
    aside: str = ""  # a fact beside the progress
    outcome: str = ""  # what came of it, in a sentence
    on_cancel: str = ""  # what stays and what will not be done


def plain(job: Job) -> About:
    """Describe a job that no feature describes."""
    return About(title=job.subject or job.kind)


def abouts(jobs: Iterable[Job]) -> dict[UUID, About]:
    """Describe jobs, each in the words of its feature."""
    return {job.pk: plain(job) for job in jobs}
