"""JobTask: the Celery task behind every job type.

Called by code, it inserts a row and publishes after the commit; called by a worker's
message, it claims the row and runs it. The message carries ids, never arguments.
"""

import inspect
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Generic, ParamSpec, TypeVar, cast
from uuid import UUID

from celery import Task
from celery.result import AsyncResult
from django.conf import settings
from django.db import transaction

from apps.jobs import arguments, publisher, storable, transitions
from apps.jobs.origin import Origin, current
from apps.jobs.retry import RetryPolicy
from apps.jobs.run import run_message

P = ParamSpec("P")
R = TypeVar("R")

# Celery's options that the ledger answers itself or that say nothing about a stored job.
_UNDERSTOOD = {
    "add_to_parent",
    "ignore_result",
    "root_id",
    "parent_id",
    "retry",
    "producer",
    "connection",
    "router",
}


if TYPE_CHECKING:
    CeleryTask = Task[P, R]
else:  # Celery's class is generic only for the checker
    CeleryTask = Task


class JobTask(CeleryTask, Generic[P, R]):  # type: ignore[type-arg]  # an alias needs no arguments
    """A job type as Celery knows it."""

    abstract = True
    ignore_result = True  # the ledger holds the outcome; neither tracer nor parent may ask a result backend
    acks_late = (
        False  # a lost message is found through its bundle, three times faster than by acknowledging late
    )

    # Declared by @job.
    job_queue: str = "default"  # `queue` is Celery's own word, and deprecated on tasks
    retry_policy = RetryPolicy()
    timeout = timedelta(minutes=10)
    cron: str | None = None
    cron_timezone: str = "UTC"
    wants_context: bool = False
    parameters = inspect.Signature()

    def apply_async(  # type: ignore[override]  # the stored job takes fewer of Celery's options
        self,
        args: tuple[object, ...] | list[object] | None = None,
        kwargs: dict[str, object] | None = None,
        **options: object,
    ) -> AsyncResult[R]:
        """Enqueue a job and return its handle.

        Of Celery's options ``countdown``, ``eta``, ``priority``, ``queue`` and ``task_id`` (a version 7 UUID)
        are kept. Raise TypeError for arguments that do not fit and for options that a stored job cannot keep.
        """
        job_id = self.enqueue(args or (), kwargs or {}, current(), **options)
        return self.AsyncResult(str(job_id))

    def enqueue(
        self,
        args: tuple[object, ...] | list[object],
        kwargs: dict[str, object],
        origin: Origin,
        **options: object,
    ) -> UUID:
        """Insert a job in the caller's transaction; after its commit the id goes to the broker."""
        named = arguments.bind(self.name, self.parameters, args, kwargs)
        new = transitions.NewJob(
            kind=self.name,
            args=named,
            max_attempts=self.retry_policy.max_attempts,
            owner_id=origin.owner_id,
            trigger=origin.trigger,
            subject=storable.clean(origin.subject[:200]),
            **_stored_options(self, options),  # type: ignore[arg-type]  # checked there, name by name
        )
        message = transitions.enqueue(new, window=settings.BACKLINE_WINDOW)
        if message is not None:
            text = arguments.shown(named)
            # a lambda, not functools.partial: Django logs the function's name when it fails
            transaction.on_commit(lambda: publisher.publish_soon(message, text), robust=True)
        return new.id

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run the function itself when called directly; claim and run a job when a worker calls."""
        request = self.request
        if request.called_directly or vars(request).get("_protected"):
            return super().__call__(*args, **kwargs)  # type: ignore[no-any-return]
        vars(request)["_protected"] = 1  # a task called inside the body is a plain function
        return cast("R", run_message(self, request))  # in truth a word for each job, which Flower shows


def _stored_options(task: JobTask[..., object], options: dict[str, object]) -> dict[str, object]:
    stored: dict[str, object] = {"queue": options.pop("queue", None) or task.job_queue}
    if (countdown := options.pop("countdown", None)) is not None:
        stored["delay"] = timedelta(seconds=float(countdown))  # type: ignore[arg-type]
    if (eta := options.pop("eta", None)) is not None:
        stored["eta"] = _aware(task.name, eta)
    if (priority := options.pop("priority", None)) is not None:
        stored["priority"] = int(priority)  # type: ignore[call-overload]
    if (task_id := options.pop("task_id", None)) is not None:
        stored["id"] = _time_ordered(task.name, str(task_id))
    refused = [name for name, value in options.items() if value and name not in _UNDERSTOOD]
    if refused:
        raise TypeError(f"{task.name}: a stored job cannot keep {', '.join(sorted(refused))}. Leave it out.")
    return stored


def _aware(kind: str, eta: object) -> datetime:
    if not isinstance(eta, datetime) or eta.tzinfo is None:
        raise TypeError(f"{kind}: eta must be a datetime with a time zone, not {eta!r}.")
    return eta


def _time_ordered(kind: str, text: str) -> UUID:
    try:
        job_id = UUID(text)
    except ValueError:
        job_id = None
    if job_id is None or job_id.version != 7:
        raise ValueError(
            f"{kind}: task_id {text!r} is not a version 7 UUID. Leave it out, or make one with new_id()."
        )
    return job_id
