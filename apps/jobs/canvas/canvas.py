"""Celery's canvas over job types: signatures whose ids the ledger keeps, tasks that replace themselves.

A base class of JobTask. What a canvas leaves with a job, ``continuation`` keeps and ``settle`` follows.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

from celery import Celery, Task
from celery.canvas import Signature
from celery.exceptions import Ignore
from celery.result import AsyncResult

from apps.jobs.enqueuing import canvas_checks, celery_ids
from apps.jobs.kinds import arguments
from apps.jobs.running.request import JobRequest
from apps.lib.ids import new_id

if TYPE_CHECKING:
    AnySignature = Signature[Any]
    AnyTask = Task[..., Any]
else:  # Celery's classes are generic only for the checker
    AnySignature, AnyTask = Signature, Task


@Signature.register_type("job")
class JobSignature(AnySignature):
    """A call to a job type that may be a step of a chain, group or chord: its id is a version 7 UUID."""

    def __init__(
        self,
        task: object = None,
        args: object = None,
        kwargs: object = None,
        options: object = None,
        type: object = None,  # noqa: A002  # likewise
        subtask_type: str | None = None,
        *more: object,
        **named: object,
    ) -> None:
        """Take what Celery's signature takes."""
        super().__init__(task, args, kwargs, options, type, subtask_type or "job", *more, **named)  # type: ignore[arg-type]

    @classmethod
    def from_dict(cls, d: Mapping[str, object], app: Celery | None = None) -> "JobSignature":
        """Read a signature that was written as JSON."""
        return cls(d, app=app)

    def freeze(self, _id: str | None = None, *args: object, **more: object) -> AsyncResult[Any]:
        """Give the call its id; Celery's own, which bodies of chords are handed, is not time-ordered."""
        if is_time_ordered(_id):
            return super().freeze(_id, *args, **more)  # type: ignore[arg-type]
        result: AsyncResult[Any] = super().freeze(str(new_id()), *args, **more)  # type: ignore[arg-type]
        running = self.app.current_task
        if _id and running is not None and running.request.id == _id:  # a plain task replaces itself
            celery_ids.answer(_id, result.id)
        return result

    _freeze = freeze


class CanvasTask(AnyTask):
    """What Celery's users call on a task to build a canvas with it."""

    abstract = True
    trail = False  # the ledger knows a job by its parent
    atomic: bool

    def signature(self, args: object = None, *more: Any, **options: Any) -> AnySignature:
        """Make a call of this job type that can be a step of a canvas."""
        arguments.check(self.name, args or (), {})
        return JobSignature(self, args, *more, **{"app": self.app} | options)

    subtask = signature

    def replace(self, sig: "AnySignature") -> Any:
        """Let another canvas give the result of this job; whoever waits for this job waits for that one.

        The job itself ends well. Celery lends its id to the replacement; two rows of a ledger cannot have the
        same one, so the replacement gets its own and this job keeps a pointer to it.
        """
        request = self.request
        if not isinstance(request, JobRequest):
            return super().replace(sig)
        if self.atomic:
            raise TypeError(
                f"{self.name}: an atomic job cannot replace itself, since that would undo what it wrote."
            )
        own, request.id = request.id, str(new_id())
        try:
            return super().replace(sig)
        finally:
            request.replacement_id, request.id = request.id, own

    def on_replace(self, sig: "AnySignature") -> Any:  # or nothing, as the stubs have it
        """Remember the replacement; it starts with the outcome of this job, in one transaction."""
        request = self.request
        if isinstance(request, JobRequest):
            canvas_checks.check_signatures(self.name, sig)
            request.replacement = sig
            raise Ignore("replaced")
        return super().on_replace(sig)


def is_time_ordered(task_id: object) -> bool:
    """Say whether the ledger could keep a job under this id."""
    try:
        return UUID(str(task_id)).version == 7
    except ValueError:
        return False
