"""Run one attempt of a job, from claim to record.  Called by JobTask for each message."""

import json
import logging
import signal
import time
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from celery.exceptions import Ignore
from django.db import InterfaceError, OperationalError, connection
from psycopg.pq import TransactionStatus

from apps.jobs import logs, process, sql, transitions, trouble
from apps.jobs.context import Context
from apps.jobs.deadline import deadline
from apps.jobs.outcomes import CancelRequested, Discard, LeaseLost, Snooze
from apps.jobs.transitions import Claim

if TYPE_CHECKING:
    from celery.app.task import Context as Request

    from apps.jobs.task import JobTask

log = logging.getLogger("backline.jobs")

_MAX_RESULT_BYTES = 64 * 1024
_DATABASE_PATIENCE = timedelta(seconds=60)  # how long an outcome waits for a database that went away
_AFTER_DATABASE_LOSS = timedelta(seconds=1)

Outcome = Callable[[], bool]


def run_message(task: "JobTask[Any, Any]", request: "Request") -> dict[str, str]:
    """Claim what the message names and run it; a stale message is acknowledged and forgotten."""
    headers = vars(request)  # Celery lays custom headers here
    bundle, ids = UUID(headers["bundle"]), [UUID(job_id) for job_id in headers["jobs"]]
    try:
        claims = transitions.claim(ids, bundle=bundle, worker_id=process.worker_id())
    except (OperationalError, InterfaceError) as error:
        log.warning("no claim on %s: the database is away (%s); the keeper sends it again", ids, error)
        raise Ignore from error
    if not claims:
        raise Ignore("stale message")
    return {str(claim.id): run(task, claim) for claim in claims}


def run(task: "JobTask[..., object]", claim: Claim) -> str:
    """Run one claimed attempt and record what came of it; return a word for Flower."""
    with logs.captured(logs.JobLog(claim.id, claim.attempt)) as job_log:
        word, outcome = _attempt(task, claim, job_log)
    if _recorded(outcome):
        return word
    log.warning("%s %s: its lease was lost, nothing was recorded", claim.kind, claim.id)
    return "lease lost"


def _attempt(task: "JobTask[..., object]", claim: Claim, job_log: logs.JobLog) -> tuple[str, Outcome]:
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


def _call(task: "JobTask[..., object]", claim: Claim, job_log: logs.JobLog) -> object:
    try:
        if not task.wants_context:
            with deadline(task.timeout):
                return task.run(**claim.args)
        context = Context(claim, cursor=_saved_cursor(claim), after_commit=job_log.flush)
        with deadline(task.timeout):
            return task.run(context, **claim.args)
    finally:
        _leave_no_transaction()


def _saved_cursor(claim: Claim) -> dict[str, object] | None:
    rows = sql.run("cursor", {"id": claim.id})
    return json.loads(rows[0][0]) if rows and rows[0][0] else None


def _leave_no_transaction() -> None:
    """Drop a connection on which the body left a transaction open: what it did not commit is undone."""
    raw = connection.connection
    if raw is None or connection.in_atomic_block:
        return
    if not raw.autocommit or raw.info.transaction_status != TransactionStatus.IDLE:
        connection.close()


def _check_result(kind: str, result: object) -> None:
    try:
        text = json.dumps(result, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise Discard(
            f"{kind} returned what is not JSON: {error}. Return plain values or nothing."
        ) from error
    if len(text) > _MAX_RESULT_BYTES:
        raise Discard(
            f"{kind} returned {len(text)} bytes, at most {_MAX_RESULT_BYTES} are kept. Store a file."
        )


def _is_told_to_end(error: BaseException) -> bool:
    """Say whether this is the exit that billiard raises in a child process on SIGTERM."""
    return isinstance(error, SystemExit) and error.code == signal.SIGTERM - 256


def _failure(task: "JobTask[..., object]", claim: Claim, error: BaseException) -> tuple[str, Outcome]:
    if isinstance(error, OperationalError | InterfaceError) and not _database_answers():
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
    """Write an outcome, through a database that restarts meanwhile; say whether it was accepted.

    Writing it twice is harmless: the second finds its lease gone.
    """
    give_up_at = time.monotonic() + _DATABASE_PATIENCE.total_seconds()
    pause = 0.1
    while True:
        try:
            return outcome()
        except (OperationalError, InterfaceError):
            connection.close()
            if time.monotonic() > give_up_at:
                raise
            time.sleep(pause)
            pause = min(pause * 2, 2.0)


def _database_answers() -> bool:
    try:
        return connection.is_usable()
    except (OperationalError, InterfaceError, AttributeError):
        return False
