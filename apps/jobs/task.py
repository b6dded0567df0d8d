"""JobTask: the Celery task behind every job type.

Called by code, it inserts a row and publishes after the commit; called by a worker's
message, it claims the row and runs it. The message carries ids, never arguments.
"""

import inspect
from datetime import timedelta
from typing import TYPE_CHECKING, Generic, ParamSpec, TypeVar, cast
from uuid import UUID

from celery import Task
from celery.result import AsyncResult
from django.conf import settings
from django.db import transaction

from apps.jobs import arguments, publisher, transitions
from apps.jobs.options import stored
from apps.jobs.origin import Origin, current
from apps.jobs.retry import RetryPolicy
from apps.jobs.run import run_message

P = ParamSpec("P")
R = TypeVar("R")


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
    atomic: bool = False
    parameters = inspect.Signature()

    def apply_async(  # type: ignore[override]  # the stored job takes fewer of Celery's options
        self,
        args: tuple[object, ...] | list[object] | None = None,
        kwargs: dict[str, object] | None = None,
        **options: object,
    ) -> AsyncResult[R]:
        """Enqueue a job and return its handle.

        Of Celery's options ``countdown``, ``eta``, ``expires``, ``priority``, ``queue`` and ``task_id`` (a
        version 7 UUID) are kept. Raise TypeError for arguments that do not fit and for options that a stored
        job cannot keep.
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
            subject=origin.subject,
            tenant=origin.tenant,
            tags=origin.tags,
            request_id=origin.request_id,
            parent_id=origin.parent_id,
            **({"queue": self.job_queue} | stored(self.name, options)),  # type: ignore[arg-type]  # checked there
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
        return cast("R", run_message(self, request))  # in truth how many ended how, which Flower shows
