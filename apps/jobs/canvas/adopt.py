"""A plain Celery message for one of our job types, as another service or Flower sends it, becomes a job."""

import logging
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from celery.exceptions import Ignore
from django.db import transaction

from apps.jobs import storable, transitions
from apps.jobs.canvas import canvas
from apps.jobs.enqueuing import celery_ids, continuation
from apps.jobs.messages import dead_messages
from apps.jobs.origin import Origin
from apps.jobs.running.record import recorded
from apps.lib.ids import new_id

if TYPE_CHECKING:
    from celery.app.task import Context as Request

log = logging.getLogger("backline.jobs")


class Enqueues(Protocol):
    """A job type, as far as a message's job goes."""

    name: str
    job_queue: str

    def enqueue(
        self, args: list[object], kwargs: dict[str, object], origin: Origin, **options: object
    ) -> UUID:
        """Insert a job."""


def adopt(task: Enqueues, request: "Request") -> Ignore:
    """Write the message down as a job and return what acknowledges it; whatever it holds, the worker goes on.

    Arguments that do not fit become a job too: it dies of them, with its evidence.
    """
    job_id = UUID(str(request.id)) if canvas.is_time_ordered(request.id) else new_id()
    args, kwargs = list(request.args or ()), dict(request.kwargs or {})
    try:
        recorded(lambda: _enqueue(task, job_id, request, args, kwargs))
    except (TypeError, ValueError) as error:
        log.warning("%s %s: a plain Celery message cannot run: %s", task.name, job_id, error)
        _write_off(task, request, args, kwargs)
    return Ignore("adopted")


def _enqueue(
    task: Enqueues, job_id: UUID, request: "Request", args: list[object], kwargs: dict[str, object]
) -> None:
    with transaction.atomic():
        made = task.enqueue(args, kwargs, Origin(trigger="message"), task_id=str(job_id), **_options(request))
        _answer(request, made)


def _answer(request: "Request", job_id: UUID) -> None:
    """Let the job answer for the id that the sender of the message waits for."""
    if celery_ids.is_random(request.id):
        celery_ids.answer(str(request.id), str(job_id))


def _options(request: "Request") -> dict[str, Any]:
    """Return what the message says about its canvas and its limits, by the names of apply_async."""
    said = request.as_execution_options()
    return {name: said[name] for name in sorted(continuation.OPTIONS & said.keys()) if name != "headers"}


def _write_off(task: Enqueues, request: "Request", args: list[object], kwargs: dict[str, object]) -> None:
    """Enqueue what cannot run, for its one attempt to say why; under a new id, the given one may be wrong."""
    try:
        given: dict[str, object] = {"args": args, "kwargs": kwargs}
        storable.as_json(given)
        job = transitions.NewJob(
            id=new_id(), kind=task.name, queue=task.job_queue, args=given, max_attempts=1, trigger="message"
        )
        recorded(lambda: _enqueue_unfit(job, request))
    except (TypeError, ValueError) as error:
        why = f"Its arguments {error}."
        dead_messages.keep(why, kind=task.name, queue=task.job_queue, error=error, args=args, kwargs=kwargs)


def _enqueue_unfit(job: transitions.NewJob, request: "Request") -> None:
    with transaction.atomic():
        transitions.enqueue(job, window=0)
        _answer(request, job.id)
