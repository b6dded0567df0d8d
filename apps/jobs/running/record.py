"""Write down what came of the jobs of one message: successes together, everything else at once.

A worker that gave up writing would keep its jobs running for ever in the eyes of all others, so
every write waits for a database that is away. Writing twice is harmless: the second finds its lease gone.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import replace
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

from django.db import DatabaseError, Error, connection

from apps.jobs import crash_points, transitions
from apps.jobs.database_away import is_away, is_lost_connection
from apps.jobs.running import failures, logs, settle, trouble
from apps.jobs.running.process_exit import ends_process
from apps.jobs.transitions import Claim, Success

if TYPE_CHECKING:
    from apps.jobs.running.failures import Failure

log = logging.getLogger("backline.jobs")

T = TypeVar("T")

_AT_ONCE = 500  # successes a statement
_AFTER_S = 0.25  # what a killed process may have to do again
_MAX_ANSWERED = 20  # lost connections of one write, with the database there after each: half a minute


being_kept: ContextVar["Record | None"] = ContextVar("record", default=None)  # of the message that runs here


def flush_what_is_kept() -> None:
    """Write down what became of a running job's neighbours, before it does what must not be done twice."""
    record = being_kept.get()
    if record is not None:
        record.flush()


def keep_failure(claim: Claim, word: str, error: BaseException) -> None:
    """Keep what Flower is sent of an attempt that raised, until its outcome is written."""
    record = being_kept.get()
    if record is not None:
        record.keep_failure(claim, word, error)


class Record:
    """The outcomes of one message's jobs on their way to the ledger."""

    def __init__(self, *, closes: UUID | None = None) -> None:
        """Close a bundle of many with the last outcome: nothing of it is left then."""
        self.words: Counter[str] = Counter()  # for Flower: how many ended how
        self.failures: dict[UUID, Failure] = {}
        self._closes = closes
        self._logs: list[logs.JobLog] = []
        self._successes: list[Success] = []
        self._flushed_at = monotonic()

    def keep_log(self, job_log: logs.JobLog) -> None:
        """Write a job's lines together with its neighbours'."""
        self._logs.append(job_log)

    def keep_failure(self, claim: Claim, word: str, error: BaseException | None = None) -> None:
        """Keep what Flower is sent of a job that did not end well."""
        failure = failures.of(claim, word, error, before=len(self.failures))
        if failure is not None:
            self.failures[claim.id] = failure

    def succeeded(self, success: Success) -> None:
        """Write down a success, soon."""
        self._successes.append(success)
        if len(self._successes) >= _AT_ONCE or monotonic() - self._flushed_at > _AFTER_S:
            self.flush()

    def ended(self, word: str, claim: Claim, outcome: Callable[[], bool]) -> None:
        """Write down any other outcome, now; one that the ledger refuses buries the job."""
        try:
            accepted = recorded(outcome)
        except BaseException as error:  # the ledger refuses what the job gave; it has to end all the same
            if ends_process(error):
                raise
            log.exception("%s %s: its outcome cannot be written", claim.kind, claim.id)
            word, accepted = "dead", recorded(burial(claim, error))
            self.keep_failure(claim, word, error)
        self._count(word, claim, accepted=accepted)

    def flush(self, *, closes: UUID | None = None) -> None:
        """Write down what is kept back."""
        logs.write(self._logs)
        successes, self._successes, self._logs = self._successes, [], []
        self._flushed_at = monotonic()
        if not successes:
            return
        try:
            closing = closes or successes[0].claim.closes
            crash_points.reached("finish.before")
            refused = recorded(lambda: transitions.finish(successes, closes=closing))
            crash_points.reached("finish.after")
        except DatabaseError:  # it refuses one of them, nobody knows which
            self._one_by_one(successes)
        else:
            if count := len(successes) - len(refused):
                self.words["succeeded"] += count
            for success in successes if refused else ():
                if success.claim.id in refused:
                    self._count("succeeded", success.claim, accepted=False)

    def close(self) -> None:
        """Write down the rest; the message is done."""
        closes = self._closes
        if self._successes:
            self.flush(closes=closes)
        else:
            self.flush()
            if closes is not None:
                recorded(lambda: transitions.close(closes))

    def _one_by_one(self, successes: list[Success]) -> None:
        for success in successes:
            claim = success.claim
            self.ended("succeeded", claim, lambda kept=success: not transitions.finish([kept]))  # type: ignore[misc]

    def _count(self, word: str, claim: Claim, *, accepted: bool) -> None:
        if not accepted:
            log.warning("%s %s: its lease was lost, nothing was recorded", claim.kind, claim.id)
            word = "lease lost"
            self.keep_failure(claim, word)
        elif claim.id not in self.failures:
            self.keep_failure(claim, word)
        self.words[word] += 1


def burial(claim: Claim, error: BaseException, *, why: str = "", settles: bool = True) -> Callable[[], bool]:
    """Return the outcome that ends a job as dead, with its evidence; ``why`` stands before its sentence.

    ``settles`` is False in a thread that may run no errback of the project: the keeper settles it.
    """
    story = trouble.describe(error)
    if why:
        story = replace(story, message=f"{why}: {story.message}")
    evidence: dict[str, object] = {
        "error_type": story.error_type,
        "traceback": story.traceback,
        "args": claim.args,
        "exception": trouble.as_celery_tells(error),
    }
    bury = partial(_bury, claim, story, evidence)
    return partial(settle.failed, claim, bury, error) if settles else bury


def _bury(claim: Claim, story: transitions.Trouble, evidence: dict[str, object]) -> bool:
    crash_points.reached("bury.before")
    accepted = transitions.bury(claim, story, evidence)
    crash_points.reached("bury.after")
    return accepted


def recorded(write: Callable[[], T]) -> T:
    """Write through a database that is away for however long.

    Raise the error of a lost connection that comes again and again while the ledger's database takes writes:
    then code of the project asked another database, in a step, a signal or a callback.
    """
    pause, answered = 0.1, 0
    while True:
        try:
            return write()
        except Error as error:
            if not is_away(error):
                raise
            connection.close()
            answered = answered + 1 if is_lost_connection(error) and _takes_writes() else 0
            if answered > _MAX_ANSWERED:
                raise
            log.warning("the database is away (%s); the outcome waits for it", error)
            time.sleep(pause)
            pause = min(pause * 2, 2.0)


def _takes_writes() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT NOT pg_is_in_recovery() AND current_setting('transaction_read_only') = 'off'"
            )
            return bool(cursor.fetchall()[0][0])
    except Error:
        connection.close()
        return False
