"""Call a project's errbacks that take an error: within the limit of the job that failed, or by a job.

An errback is code of the project, which may block or end its process. The process that ran a failed body
calls it, with the live exception. For every other end, by a kill, a rescue or another part of a chord, a job
calls it, so that it never runs in the keeper or in the thread of a heartbeat.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from celery import current_app
from celery.app.task import Context
from celery.backends.base import _create_fake_task_request  # type: ignore[attr-defined]  # not in the stubs
from celery.canvas import maybe_signature
from kombu.utils import json as celerys_json

from apps.jobs import registry, sql
from apps.jobs.origin import current
from apps.jobs.running import interrupt, trouble
from apps.jobs.running.request import JobRequest
from apps.jobs.transitions import Claim

if TYPE_CHECKING:
    from celery.canvas import Signature

CALL = "canvas.call_errback"  # the job type that calls one


@dataclass(frozen=True, slots=True)
class _Limit:
    claim: Claim
    timeout: timedelta


_limit: ContextVar[_Limit | None] = ContextVar("errback_limit", default=None)
_queue: ContextVar[str | None] = ContextVar("errback_queue", default=None)


@contextmanager
def limited(claim: Claim, timeout: timedelta) -> Iterator[None]:
    """Call the errbacks of the block in this thread, and interrupt each at this limit."""
    token = _limit.set(_Limit(claim, timeout))
    try:
        yield
    finally:
        _limit.reset(token)


@contextmanager
def enqueued(queue: str) -> Iterator[None]:
    """Have the errbacks of the block called by jobs in this queue, enqueued in the block's transaction."""
    token = _queue.set(queue)
    try:
        yield
    finally:
        _queue.reset(token)


def are_enqueued() -> bool:
    """Return whether a job calls errbacks now."""
    return _limit.get() is None and _queue.get() is not None


def enqueue(errback: Mapping[str, object], task_id: str, error: BaseException) -> None:
    """Enqueue the job that calls an errback with the failed task's request and error."""
    plain: dict[str, object] = json.loads(celerys_json.dumps(dict(errback)))
    arguments: dict[str, object] = {
        "errback": plain,
        "task_id": task_id,
        "error": trouble.as_celery_tells(error),
    }
    registry.get(CALL).enqueue((), arguments, current(), queue=_queue.get())


def call_here(call: Callable[[], None]) -> None:
    """Call errbacks in this thread, within the limit of the job that failed."""
    limit = _limit.get()
    if limit is None:
        call()
        return
    try:
        interrupt.interruptible(limit.claim, limit.timeout, call)
    finally:
        interrupt.leave(limit.claim)


def call(errback: dict[str, object], task_id: str, error: dict[str, object]) -> None:
    """Call an errback that was enqueued."""
    plain = celerys_json.loads(json.dumps(errback))
    signature = cast("Signature[Any]", maybe_signature(plain, app=current_app))
    signature(_request_of(task_id, errback), current_app.backend.exception_to_python(error), None)


def _request_of(task_id: str, errback: dict[str, object]) -> Context:
    """Return the request of a failed job, or of a task without a row."""
    try:
        rows = sql.run("request_of", {"id": UUID(task_id)})
    except ValueError:
        rows = []
    for kind, args, failures, options in rows:
        job = JobRequest(
            UUID(task_id), kind, args=json.loads(args), failures=failures, options=json.loads(options)
        )
        return Context(vars(job), errbacks=[errback])
    request: Context = _create_fake_task_request(task_id, [errback])
    return request
