"""Run one attempt of a job, from claim to record.  Called by JobTask for each message."""

import json
import logging
import os
import signal
import time
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from celery.exceptions import Ignore
from django.db import InterfaceError, OperationalError, connection
from psycopg.pq import TransactionStatus

from apps.jobs import logs, process, sql, storable, transitions, trouble
from apps.jobs.context import Context
from apps.jobs.deadline import deadline
from apps.jobs.outcomes import CancelRequested, Discard, LeaseLost, Snooze
from apps.jobs.transitions import Claim

if TYPE_CHECKING:
    from celery.app.task import Context as Request

    from apps.jobs.retry import RetryPolicy

log = logging.getLogger("backline.jobs")

_AFTER_DATABASE_LOSS = timedelta(seconds=1)
_FORGIVEN = 20  # attempts a lost database may cost until one counts: the job may be what breaks it

Outcome = Callable[[], bool]


class JobType(Protocol):
    """What running a job needs to know of its type."""

    name: str
    retry_policy: "RetryPolicy"
    timeout: timedelta
    wants_context: bool

    @property
    def run(self) -> Callable[..., object]:
        """Return the function that was declared."""


def run_message(task: JobType, request: "Request") -> dict[str, str]:
    """Claim what the message names and run it; a stale message is acknowledged and forgotten."""
    headers = vars(request)  # Celery lays custom headers here
    bundle, ids = UUID(headers["bundle"]), [UUID(job_id) for job_id in headers["jobs"]]
    try:
        claims = transitions.claim(ids, bundle=bundle, worker_id=process.worker_id())
    except (OperationalError, InterfaceError) as error:
        log.warning("no claim on %s: the database is away (%s); the keeper sends it again", ids, error)
        # the claim may have been made and only its answer been lost
        _recorded(lambda: bool(transitions.hand_back(process.worker_id(), os.getpid())))
        raise Ignore("database away") from error
    if not claims:
        raise Ignore("stale message")
    return {str(claim.id): run(task, claim) for claim in claims}


def run(task: JobType, claim: Claim) -> str:
    """Run one claimed attempt and record what came of it; return a word for Flower."""
    with logs.captured(logs.JobLog(claim.id, claim.attempt)) as job_log:
        word, outcome = _attempt(task, claim, job_log)
    try:
        accepted = _recorded(outcome)
    except Exception as error:  # the ledger refuses what the job gave; it has to end all the same
        log.exception("%s %s: its outcome cannot be written", claim.kind, claim.id)
        word, accepted = "dead", _recorded(_burial(claim, error))
    if accepted:
        return word
    log.warning("%s %s: its lease was lost, nothing was recorded", claim.kind, claim.id)
    return "lease lost"


def _attempt(task: JobType, claim: Claim, job_log: logs.JobLog) -> tuple[str, Outcome]:
    """Call the body and choose the outcome; the outcome itself is written later, as often as it takes."""
    try:
        result = _call(task, claim, job_log)
        _check_result(task.name, result)
    except LeaseLost:
        return "lease lost", lambda: False
    except CancelRequested:
        return "cancelled", lambda: transitions.stop(claim)
    except Snooze as wish:
        return "snoozed", _nap(claim, wish.delay, str(wish))
    except Discard as reason:
        return "dead", _burial(claim, reason)
    except (Exception, SystemExit, KeyboardInterrupt) as error:  # whatever a job raises is its outcome
        if _is_told_to_end(error):
            raise  # the worker stops: its main process sees this one end and hands the job back
        return _failure(task, claim, error)
    return "succeeded", lambda: transitions.succeed(claim, result)


def _call(task: JobType, claim: Claim, job_log: logs.JobLog) -> object:
    inside = connection.in_atomic_block
    try:
        if not task.wants_context:
            with deadline(task.timeout):
                return task.run(**claim.args)
        context = Context(claim, cursor=_saved_cursor(claim), after_commit=job_log.flush)
        with deadline(task.timeout):
            return task.run(context, **claim.args)
    finally:
        _leave_no_transaction(inside)


def _saved_cursor(claim: Claim) -> dict[str, object] | None:
    rows = sql.run("cursor", {"id": claim.id})
    return json.loads(rows[0][0]) if rows and rows[0][0] else None


def _leave_no_transaction(inside: bool) -> None:
    """Drop a connection on which the body left a transaction open: what it did not commit is undone.

    ``inside`` says whether the caller itself holds one, which then stays.
    """
    raw = connection.connection
    if raw is None or inside:
        return
    if not raw.autocommit or raw.info.transaction_status != TransactionStatus.IDLE:
        connection.in_atomic_block = False  # else Django keeps the closed connection for the block's end
        connection.close()


def _check_result(kind: str, result: object) -> None:
    try:
        storable.as_json(result)
    except (TypeError, ValueError) as error:
        raise Discard(f"{kind}: its results {error}. Return plain values or nothing.") from error


def _is_told_to_end(error: BaseException) -> bool:
    """Say whether this is the exit that billiard raises in a child process on SIGTERM."""
    return isinstance(error, SystemExit) and error.code == signal.SIGTERM - 256


def _failure(task: JobType, claim: Claim, error: BaseException) -> tuple[str, Outcome]:
    if _is_database_loss(error) and claim.attempt < claim.failures + _FORGIVEN:
        # Not the job's fault: it runs again as soon as the database is back, and nothing is held against it.
        return "snoozed", _nap(claim, _AFTER_DATABASE_LOSS, "The database went away.")
    log.warning("%s %s failed in attempt %d", claim.kind, claim.id, claim.attempt, exc_info=error)
    if claim.is_last_try:
        return "dead", _burial(claim, error)
    story = trouble.describe(error)
    delay = task.retry_policy.delay(claim.failures + 1)
    return "retrying", lambda: transitions.retry(claim, story, delay)


def _nap(claim: Claim, delay: timedelta, reason: str) -> Outcome:
    return lambda: transitions.snooze(claim, delay, reason)


def _burial(claim: Claim, error: BaseException) -> Outcome:
    story = trouble.describe(error)
    evidence: dict[str, object] = {
        "error_type": story.error_type,
        "traceback": story.traceback,
        "args": claim.args,
    }
    return lambda: transitions.bury(claim, story, evidence)


def _recorded(outcome: Outcome) -> bool:
    """Write an outcome, through a database that is away for however long; say whether it was accepted.

    A worker that gave up would keep the job running for ever in the eyes of all others. Writing it twice is
    harmless: the second finds its lease gone.
    """
    pause = 0.1
    while True:
        try:
            return outcome()
        except (OperationalError, InterfaceError) as error:
            log.warning("the database is away (%s); the outcome waits for it", error)
            connection.close()
            time.sleep(pause)
            pause = min(pause * 2, 2.0)


def _is_database_loss(error: BaseException) -> bool:
    """Say whether the body failed because the database went away, not because of what it asked."""
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    code = getattr(error.__cause__, "sqlstate", None) or ""
    return code[:3] in ("", "57P") or code[:2] == "08"
