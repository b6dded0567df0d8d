"""``self.request`` of a job: Celery's context, of its own for each job of a bundle."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from celery.app.task import Context
from celery.exceptions import Retry

from apps.jobs.enqueuing import continuation

if TYPE_CHECKING:
    from celery.utils.threads import _LocalStack as LocalStack

    from apps.jobs.transitions import Claim


class HasRequests(Protocol):
    """A task, as far as its requests go."""

    @property
    def request_stack(self) -> "LocalStack[Context]":
        """Return its requests, the current one last."""

    @property
    def request(self) -> Any:  # ours while a job runs
        """Return the current request."""


@dataclass(slots=True)
class RetryWish:
    """What ``self.retry`` asked for."""

    retry: Retry
    args: dict[str, object] | None = None  # by name, when they change
    options: Mapping[str, object] = field(default_factory=dict)  # queue and priority, checked


class JobRequest(Context):
    """One attempt of one job, as Celery's users know it."""

    def __init__(
        self, job_id: UUID, kind: str, *, args: object, failures: int, options: Mapping[str, object]
    ) -> None:
        """Take what the job was enqueued with, and how often it failed."""
        vars(self).update(
            id=str(job_id),
            task=kind,
            args=[],  # a stored job has all of them by name
            kwargs=args,
            retries=failures,
            called_directly=False,
            delivery_info={},
            headers={},
            _protected=1,  # a task called inside the body is a plain function
        )
        self.replacement: Any = None  # by replace(): a signature of any type
        self.replacement_id: str | None = None
        self.wish: RetryWish | None = None  # by retry()
        self.is_exhausted = False  # by retry(): there were enough
        if options:
            self.update(continuation.of(options))

    @classmethod
    def of(cls, claim: "Claim") -> "JobRequest":
        """Return the request of a claimed job."""
        return cls(claim.id, claim.kind, args=claim.args, failures=claim.failures, options=claim.options)

    @property
    def followers(self) -> Sequence[Any]:
        """Return the calls that its result starts."""
        return self.callbacks or ()


class laid:  # noqa: N801  # it is used like a function; a generator would cost a small job more
    """Make a job's request the current one of its task while the block runs."""

    __slots__ = ("_request", "_stack")

    def __init__(self, task: HasRequests, claim: "Claim") -> None:
        self._stack = task.request_stack
        self._request = JobRequest.of(claim)

    def __enter__(self) -> JobRequest:
        """Lay it."""
        self._stack.push(self._request)
        return self._request

    def __exit__(self, *_: object) -> None:
        """Take it away."""
        self._stack.pop()
