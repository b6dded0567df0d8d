"""JobTask: the Celery task behind every job type.

Called by code, it inserts a row and publishes after the commit; called by a worker's
message, it claims the row and runs it. The message carries ids, never arguments.
"""

import inspect
from collections.abc import Iterable, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, cast
from uuid import UUID

from celery import Task
from celery.result import AsyncResult

from apps.jobs.canvas.adopt import adopt
from apps.jobs.canvas.canvas import CanvasTask
from apps.jobs.enqueuing.enqueue_many import Item, enqueue_many
from apps.jobs.enqueuing.enqueue_one import enqueue_one
from apps.jobs.kinds.kind import Upcaster
from apps.jobs.kinds.retry import RetryPolicy
from apps.jobs.kinds.unique import Unique
from apps.jobs.kinds.validate import Validator
from apps.jobs.origin import Origin, current
from apps.jobs.plain_declaration import PlainlyDeclared
from apps.jobs.running.retrying import RetryingTask
from apps.jobs.running.run import run_message

P = ParamSpec("P")
R = TypeVar("R")


if TYPE_CHECKING:
    CeleryTask = Task[P, R]
else:  # Celery's class is generic only for the checker
    CeleryTask = Task


# type: ignore: an alias needs no arguments
class JobTask(CanvasTask, RetryingTask, PlainlyDeclared, CeleryTask, Generic[P, R]):  # type: ignore[type-arg]
    """A job type as Celery knows it."""

    abstract = True
    Request = "apps.jobs.worker.request:ShownRequest"  # by name: Celery imports it in a worker
    ignore_result = True  # the ledger holds the outcome; neither tracer nor parent may ask a result backend
    acks_late = (
        False  # a lost message is found through its bundle, three times faster than by acknowledging late
    )

    resultrepr_maxsize = 10**9  # its text carries the failures of a message to the worker's main process

    # Declared by @job.
    job_queue: str = ""  # by its route, or the default queue, when Celery binds it
    job_priority: int = 0
    retry_policy = RetryPolicy()
    timeout = timedelta(minutes=10)
    cron: str | None = None
    cron_timezone: str = "UTC"
    wants_context: bool = False
    atomic: bool = False
    parameters = inspect.Signature()
    validator: Validator = None  # type: ignore[assignment]  # by @job, else when Celery binds it
    version: int = 1
    upcast: Mapping[int, Upcaster] = MappingProxyType({})
    aliases: tuple[str, ...] = ()  # its former names, the oldest first
    alias_of: str | None = None  # this stands for a former name: what waits under it runs here
    expires_after: timedelta | None = None
    unique: Unique | None = None
    bundle: int = 500
    limit: str | None = None
    concurrency: int | None = None
    limit_by: str | None = None
    internal: bool = False
    on: tuple[type, ...] = ()

    def apply_async(  # noqa: PLR0913  # Celery's signature
        self,
        args: tuple[object, ...] | list[object] | None = None,
        kwargs: Mapping[str, object] | None = None,
        task_id: object = None,
        producer: object = None,  # noqa: ARG002  # likewise
        link: object = None,
        link_error: object = None,
        shadow: object = None,
        **options: object,
    ) -> AsyncResult[R]:
        """Enqueue a job and return its handle.

        Of Celery's options ``countdown``, ``eta``, ``expires``, ``priority``, ``queue`` and ``task_id`` (a
        version 7 UUID) are kept. With an ``idempotency_key`` a second call within a day makes no second job
        and is given the handle of the first. Raise TypeError for arguments that do not fit and for options
        that a stored job cannot keep.
        """
        if task_id is not None:
            options["task_id"] = task_id
        if link or link_error or shadow:
            options |= {"link": link, "link_error": link_error, "shadow": shadow}
        job_id = self.enqueue(args or (), kwargs or {}, current(), **options)
        return self.AsyncResult(str(job_id))

    def delay_on_commit(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """Enqueue a job as ``delay`` does: it runs after the commit in any case."""
        self.apply_async(args, kwargs)

    def apply_async_on_commit(self, *args: Any, **options: Any) -> None:
        """Enqueue a job as ``apply_async`` does: it runs after the commit in any case."""
        self.apply_async(*args, **options)

    def enqueue(
        self,
        args: tuple[object, ...] | list[object],
        kwargs: Mapping[str, object],
        origin: Origin,
        **options: object,
    ) -> UUID:
        """Insert a job in the caller's transaction; after its commit the id goes to the broker.

        Return the id of the job that holds the key, when it is unique and there is one.
        """
        return enqueue_one(self, args, kwargs, origin, options)

    def enqueue_many(self, items: Iterable[Item], **options: object) -> int:
        """Insert a job for each item, a dict of named arguments or a tuple; return how many are new.

        All or none, in the caller's transaction, read and written a block at a time: a generator of a million
        is never held in memory. ``countdown``, ``eta``, ``expires``, ``priority`` and ``queue`` hold for all.
        Raise TypeError or ValueError, which name the item, for arguments that do not fit.
        """
        return enqueue_many(self, items, current(), options)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run the function itself when called directly; claim and run a job when a worker calls."""
        request = self.request
        if request.called_directly or request.is_eager or vars(request).get("_protected"):
            return super().__call__(*args, **kwargs)  # type: ignore[no-any-return]
        vars(request)["_protected"] = 1  # a task called inside the body is a plain function
        if "bundle" not in vars(request):
            raise adopt(self, request)
        return cast("R", run_message(self, request))  # in truth how many ended how, which Flower shows
