"""Call one job's body and choose what came of it.  Called by ``run`` for each claimed job."""

import json
import logging
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from inspect import iscoroutine
from typing import TYPE_CHECKING, Protocol

from celery.exceptions import Retry, TaskPredicate
from django.db import connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import Connection
from psycopg.pq import TransactionStatus

from apps.jobs import crash_points, sql, storable, transitions
from apps.jobs.database_away import is_lost_connection, takes_no_writes
from apps.jobs.enqueuing.continuation import is_awaited, timeout_of
from apps.jobs.kinds.kind import Kind
from apps.jobs.kinds.spans import lasting
from apps.jobs.origin import running
from apps.jobs.outcomes import CancelRequested, Discard, LeaseLost, Snooze
from apps.jobs.running import coroutines, failures, interrupt, retrying, settle, trouble
from apps.jobs.running.context import Context
from apps.jobs.running.logs import JobLog
from apps.jobs.running.process_exit import ends_process
from apps.jobs.running.record import burial, keep_failure
from apps.jobs.running.request import HasRequests, JobRequest, laid
from apps.jobs.running.upcast import NewerVersion, for_run
from apps.jobs.sessions import watch
from apps.jobs.transitions import Claim, Success

if TYPE_CHECKING:
    from apps.jobs.kinds.retry import RetryPolicy

log = logging.getLogger("backline.jobs")

_AFTER_DATABASE_LOSS = timedelta(seconds=1)
_FORGIVEN = 20  # attempts a lost database may cost until one counts: the job may be what breaks it

Outcome = Callable[[], bool]


class JobType(Kind, HasRequests, Protocol):
    """What running a job needs to know of its type."""

    name: str
    retry_policy: "RetryPolicy"
    default_retry_delay: int
    timeout: timedelta
    throws: tuple[type[Exception], ...]
    wants_context: bool
    atomic: bool

    @property
    def run(self) -> Callable[..., object]:
        """Return the function that was declared."""


def attempt(
    task: JobType, claim: Claim, job_log: JobLog, *, database: BaseDatabaseWrapper, began_s: float
) -> tuple[str, Outcome | Success]:
    """Call the body and choose the outcome; the outcome itself is written later, as often as it takes.

    ``database`` is this thread's: a bundle looks it up once, since Django's registry of them takes longer
    than a small body.
    """
    with laid(task, claim) as request:
        try:
            call = partial(_call, task, claim, job_log, database)
            return "succeeded", _success(task, claim, call, began_s)
        except BaseException as error:  # asyncio.CancelledError and GeneratorExit are outcomes too
            if ends_process(error):
                raise  # the worker's main process sees this process end and hands the job back
            return _badly(task, claim, request, error)
        finally:
            interrupt.leave(claim)
            watch.drop_changed(claim.id)  # before the outcome is written, and before the next job


def stop(claim: Claim) -> Outcome:
    """Return the outcome of a job that a person asked to stop."""
    return lambda: transitions.stop(claim)


def failure(
    policy: "RetryPolicy", claim: Claim, error: BaseException, *, settles: bool = True
) -> tuple[str, Outcome]:
    """Return what comes of an attempt that failed: another one, a rest that is not counted, or the end.

    ``settles`` is False in a thread that may run no errback of the project: the keeper settles the end.
    """
    if _is_database_loss(error) and claim.attempt < claim.failures + _FORGIVEN:
        # Not the job's fault: it runs again as soon as the database is back, and nothing is held against it.
        return "snoozed", _nap(claim, _AFTER_DATABASE_LOSS, "The database went away.")
    fate, story = policy.fate(error), trouble.describe(error)
    if isinstance(fate, timedelta):
        return "snoozed", lambda: transitions.snooze(claim, fate, story.message, error_type=story.error_type)
    if fate == "discard":
        why = f"Its retry policy discards {story.error_type}"
        return "dead", burial(claim, error, why=why, settles=settles)
    if claim.is_last_try:
        return "dead", burial(claim, error, settles=settles)
    delay = policy.delay(claim.failures + 1)
    return "retrying", lambda: _retry(claim, story, delay)


def _success(task: JobType, claim: Claim, call: Callable[[], object], began_s: float) -> Outcome | Success:
    if task.atomic:
        return _in_one_transaction(task, claim, call)
    success = Success(claim, _as_result(task.name, call()), began_s)
    return (lambda: settle.succeeded(success)) if is_awaited(claim.options) else success


def _badly(task: JobType, claim: Claim, request: JobRequest, error: BaseException) -> tuple[str, Outcome]:
    """Choose the outcome of an error; bury the job when its own code fails while the error is described."""
    try:
        error = _heeded(error)
        if request.is_exhausted:
            word, outcome = "dead", burial(claim, error)
        else:
            word, outcome = _outcome_of(task, claim, request, error)
        failures.tell(task, claim, word, error, request)
        keep_failure(claim, word, error)
    except BaseException as another:
        if ends_process(another):
            raise
        name, reason = type(error).__name__, type(another).__name__
        log.warning("%s %s: handling its %s failed with %s", claim.kind, claim.id, name, reason)
        return "dead", burial(claim, RuntimeError(f"It raised {name}; handling that failed with {reason}."))
    return word, outcome


def _heeded(error: BaseException) -> BaseException:
    """Return an error of a body, or why the time that it asks for cannot be kept, which ends the job."""
    try:
        match error:
            case Snooze():
                lasting("Snooze delay", error.delay)
            case Retry() if error.when is not None:
                retrying.span_until(error.when)
    except (TypeError, ValueError) as unfit:
        return Discard(str(unfit))
    return error


def _outcome_of(
    task: JobType, claim: Claim, request: JobRequest, error: BaseException
) -> tuple[str, Outcome]:
    match error:
        case TaskPredicate():
            return retrying.outcome_of(task, claim, request, error)
        case LeaseLost():
            return "lease lost", lambda: False
        case CancelRequested():
            return "cancelled", stop(claim)
        case Snooze() | NewerVersion():
            return "snoozed", _later(task, claim, error)
        case Discard():
            return "dead", burial(claim, error)
    return failure(task.retry_policy, claim, error)


def _later(task: JobType, claim: Claim, error: Snooze | NewerVersion) -> Outcome:
    if isinstance(error, Snooze):
        return _nap(claim, lasting("Snooze delay", error.delay), trouble.message_of(error))
    # Left to workers of its release, and buried when none came for a while.
    return lambda: transitions.set_aside_newer(claim, reads=task.version)


def _in_one_transaction(task: JobType, claim: Claim, call: Callable[[], object]) -> Outcome:
    """Run a body whose effects in the database and whose completion are one commit, or nothing."""
    with transaction.atomic():
        result = _as_result(task.name, call())
        if transitions.finish([Success(claim, result)], closes=claim.closes):
            raise LeaseLost("Another worker has this job now.")
        if is_awaited(claim.options):
            settle.follow(claim, result)
        crash_points.reached("finish.inside")
    return lambda: True


def _call(task: JobType, claim: Claim, job_log: JobLog, database: BaseDatabaseWrapper) -> object:
    inside = [each for each in _opened(database) if each.in_atomic_block]
    me = running.set(claim.id)
    try:
        limit = timeout_of(claim.options, task.timeout)
        result = interrupt.interruptible(claim, limit, partial(_body, task, claim, job_log, limit))
        if (wish := task.request.wish) is not None:  # retry(throw=False)
            raise wish.retry
        return result
    finally:
        running.reset(me)
        for each in _opened(database):
            if each not in inside:
                _leave_no_transaction(each)


def _body(task: JobType, claim: Claim, job_log: JobLog, limit: timedelta) -> object:
    """Run the function; its limit also covers its project's upcasts and validators."""
    context = (_context(claim, job_log),) if task.wants_context else ()
    result = task.run(*context, **for_run(task, claim))
    return coroutines.finish(task, result, limit) if iscoroutine(result) else result


def _context(claim: Claim, job_log: JobLog) -> Context:
    return Context(claim, cursor=_saved_cursor(claim), after_commit=job_log.flush)


def _saved_cursor(claim: Claim) -> dict[str, object] | None:
    if claim.attempt == 1:
        return None
    rows = sql.run("cursor", {"id": claim.id})
    return json.loads(rows[0][0]) if rows and rows[0][0] else None


def _opened(database: BaseDatabaseWrapper) -> Sequence[BaseDatabaseWrapper]:
    """Return this thread's databases; their registry is slow, so it is not asked where there is one."""
    return [database] if len(connections.settings) == 1 else connections.all(initialized_only=True)


def _leave_no_transaction(database: BaseDatabaseWrapper) -> None:
    """Drop a connection on which the body left a transaction open: what it did not commit is undone."""
    if database.connection is not None and _has_open_transaction(database):
        database.in_atomic_block = False  # else Django keeps the closed connection for the block's end
        database.close()


def _has_open_transaction(database: BaseDatabaseWrapper) -> bool:
    raw = database.connection
    if isinstance(raw, Connection):
        return not raw.autocommit or raw.pgconn.transaction_status != TransactionStatus.IDLE
    return database.in_atomic_block or not database.autocommit or getattr(raw, "in_transaction", False)


def _as_result(kind: str, result: object) -> str:
    if result is None:
        return "null"
    try:
        return storable.as_json(result)
    except (TypeError, ValueError) as error:
        raise Discard(f"{kind}: its results {error}. Return plain values or nothing.") from error


def _retry(claim: Claim, story: transitions.Trouble, delay: timedelta) -> bool:
    crash_points.reached("retry.before")
    accepted = transitions.retry(claim, story, delay)
    crash_points.reached("retry.after")
    return accepted


def _nap(claim: Claim, delay: timedelta, reason: str) -> Outcome:
    return lambda: transitions.snooze(claim, delay, reason)


def _is_database_loss(error: BaseException) -> bool:
    """Say whether the body failed because the database went away, not because of what it asked."""
    if takes_no_writes(error):
        return not watch.has_changed(connection)  # else the body may have asked for it
    return is_lost_connection(error)
