"""Let what follows a job in its canvas begin, or fail, in one transaction with the job's own outcome.

Written one after the other, a death in between would lose the next step, and a chord whose last part is
counted before it is finished would never run its body. A worker settles what it ends; the keeper settles what
a person, a rescue or an expiry ended.
"""

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from celery import current_app, states
from celery.canvas import maybe_signature
from celery.exceptions import TaskRevokedError
from django.db import connection, transaction

from apps.jobs import crash_points, registry, sql, transitions
from apps.jobs.database_away import is_away
from apps.jobs.enqueuing.continuation import is_awaited, timeout_of
from apps.jobs.origin import origin
from apps.jobs.running import errbacks, foreign
from apps.jobs.running.process_exit import ends_process
from apps.jobs.running.request import JobRequest
from apps.jobs.states import State
from apps.jobs.stretch import at_a_stretch
from apps.jobs.transitions import Claim, Success

if TYPE_CHECKING:
    from celery.canvas import Signature

log = logging.getLogger("backline.jobs")

_AT_ONCE = 10  # each is a transaction of a dozen statements: between these the keeper looks at the clock
_CELERYS_WORD = {State.DEAD: states.FAILURE, State.CANCELLED: states.REVOKED}


def succeeded(success: Success) -> bool:
    """Finish a job and start what follows it. Raise what a next step raised that cannot be enqueued."""
    claim = success.claim
    with transaction.atomic():
        if transitions.finish([success], closes=claim.closes):
            return False
        crash_points.reached("settle.finished")
        follow(claim, success.result)
    return True


def follow(claim: Claim, result: str) -> None:
    """Start what follows a job that ended well; its transaction is the caller's."""
    request, value = JobRequest.of(claim), json.loads(result)
    with _on_behalf_of(claim.id):
        for follower in request.followers:
            _start(request, follower, value)
        if request.chain:
            _start(request, request.chain[-1], value, chain=request.chain[:-1])
        if request.chord:
            current_app.backend.on_chord_part_return(request, states.SUCCESS, value)


def replaced(claim: Claim, request: JobRequest) -> bool:
    """Finish a job and start the canvas that gives its result instead."""
    with transaction.atomic():
        if transitions.finish([Success(claim)], closes=claim.closes):
            return False
        sql.run("replaced", {"id": claim.id, "replacement": request.replacement_id})
        with _on_behalf_of(claim.id):
            request.replacement.apply_async()
    return True


def failed(claim: Claim, write: Callable[[], bool], error: BaseException) -> bool:
    """Write that a job is dead, and fail what waits for it."""
    if not is_awaited(claim.options):
        return write()
    try:
        with transaction.atomic():
            if not write():
                return False
            crash_points.reached("settle.buried")
            with errbacks.limited(claim, timeout_of(claim.options, registry.get(claim.kind).timeout)):
                _fail(JobRequest.of(claim), error, states.FAILURE)
            sql.run("settled", {"id": claim.id})
    except BaseException as error:  # a callback of the project may raise anything
        if ends_process(error):
            raise
        _leave_broken_session(error)
        log.exception(
            "%s %s: those that wait for it could not be told; the keeper tries", claim.kind, claim.id
        )
        return write()
    return True


def settle_ended() -> int:
    """Fail what waits for jobs that were ended by others than their worker; return how many jobs."""
    return at_a_stretch(_settle_some)


def _settle_some() -> tuple[int, bool]:
    jobs = sql.run("unsettled", {"batch": _AT_ONCE})
    return sum(_settle(job_id) for (job_id,) in jobs), len(jobs) == _AT_ONCE


def _settle(job_id: UUID) -> bool:
    try:
        with transaction.atomic():
            for kind, args, failures, options, state in sql.run("settled", {"id": job_id}):
                kept = json.loads(options)
                request = JobRequest(job_id, kind, args=json.loads(args), failures=failures, options=kept)
                _fail(request, _error_of(job_id), _CELERYS_WORD[State(state)])
    except BaseException as error:  # likewise
        if ends_process(error):
            raise
        _leave_broken_session(error)
        log.exception("job %s: those that wait for it could not be told; tried again later", job_id)
        sql.run("put_off_settling", {"id": job_id})
        return False
    return True


def _leave_broken_session(error: BaseException) -> None:
    """Close the session after an error that may be its loss, or only an error that a callback raised.

    The next statement runs over a new session and shows whether the database is away.
    """
    if is_away(error):
        connection.close()


def _fail(request: JobRequest, error: BaseException, state: str) -> None:
    """Count a chord's part, fail the rest of a chain, call who asked to be called: in Celery's order."""
    with _on_behalf_of(UUID(request.id)):
        current_app.backend.mark_as_failure(
            str(request.id),
            error,  # type: ignore[arg-type]  # a job may raise SystemExit as well
            request=request,
            call_errbacks=state == states.FAILURE,
            state=state,
        )


def _start(request: JobRequest, signature: Any, value: object, **options: Any) -> None:
    call = cast("Signature[Any]", maybe_signature(signature, app=current_app))
    call.apply_async((value,), parent_id=request.id, root_id=request.called_as or request.id, **options)


@contextmanager
def _on_behalf_of(job_id: UUID) -> Iterator[None]:
    """Enqueue for whom the job was, as its children or its batch's; others' steps go by way of a job."""
    [(*asked, parent_id, queue)] = sql.run("origin_of", {"id": job_id})
    owner_id, trigger, subject, tenant, tags, request_id = asked
    with (
        origin(
            owner_id=owner_id,
            trigger=trigger,
            subject=subject,
            tenant=tenant,
            tags=tags,
            request_id=request_id,
            parent_id=parent_id,
            is_asked=False,
        ),
        foreign.handed_over(),
        errbacks.enqueued(queue),
    ):
        yield


def _error_of(job_id: UUID) -> BaseException:
    error = current_app.backend.get_task_meta(str(job_id))["result"]
    return error if isinstance(error, BaseException) else TaskRevokedError("cancelled")
