"""What a feature adds to the page of its jobs: a title, a unit, a sentence."""

from dataclasses import dataclass

from apps.jobs.models import Job
from apps.web.shown.verdict import Verdict


@dataclass(frozen=True, slots=True)
class About:
    """A job in the words of the feature it belongs to."""

    title: str
    verb: str = ""  # what it does: "Import"
    what: str = ""  # the same, more fully
    unit: str = ""  # what its progress counts
    aside: str = ""  # a fact beside the progress
    guesses_total: bool = False  # it follows from the part that was read
    outcome: str = ""  # what came of it, in a sentence
    verdict: Verdict | None = None  # of a job whose state misleads the person who started it
    on_cancel: str = ""  # what stays and what will not be done


def plain(job: Job) -> About:
    """Describe a job that no feature describes."""
    return About(title=job.subject or job.kind)
