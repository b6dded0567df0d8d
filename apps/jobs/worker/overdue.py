"""The failure of a job that ran past its limit and did not stop, written in its name by its worker."""

import threading
from datetime import timedelta

from django.db import connection, transaction

from apps.jobs import registry
from apps.jobs.outcomes import TimedOut
from apps.jobs.running import failures
from apps.jobs.running.attempt import failure
from apps.jobs.running.slate import Entry
from apps.jobs.transitions import Claim


def fail(claim: Claim, entry: Entry, consequence: str) -> bool:
    """Let it fail as if it had listened; say whether its lease still held.

    The keeper settles it: this is the thread of the heartbeats, which no errback may delay.
    """
    limit = timedelta(seconds=round(entry.until - entry.since, 3))
    error = TimedOut(f"It ran longer than its limit of {limit} and did not stop; {consequence}.")
    task = registry.get(claim.kind)
    word, outcome = failure(task.retry_policy, claim, error, settles=False)
    accepted = outcome()
    if accepted:
        transaction.on_commit(lambda: _report(task, claim, word, error))
    return accepted


def _report(task: object, claim: Claim, word: str, error: BaseException) -> None:
    """Report it to logs and signals in a thread of its own: a slow receiver must not delay heartbeats."""

    def report() -> None:
        try:
            failures.tell(task, claim, word, error)
        finally:
            connection.close()

    threading.Thread(target=report, name="report", daemon=True).start()
