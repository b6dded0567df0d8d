"""The failure of a job that ran past its limit and did not stop, written in its name by its worker."""

from datetime import timedelta

from apps.jobs import registry
from apps.jobs.outcomes import TimedOut
from apps.jobs.running import failures
from apps.jobs.running.attempt import failure
from apps.jobs.running.slate import Entry
from apps.jobs.transitions import Claim


def fail(claim: Claim, entry: Entry, consequence: str) -> bool:
    """Let it fail as if it had listened; say whether its lease still held."""
    limit = timedelta(seconds=round(entry.until - entry.since, 3))
    error = TimedOut(f"It ran longer than its limit of {limit} and did not stop; {consequence}.")
    task = registry.get(claim.kind)
    word, outcome = failure(task.retry_policy, claim, error)
    failures.tell(task, claim, word, error)
    return outcome()
