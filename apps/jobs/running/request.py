"""``self.request`` of a job: Celery's context, of its own for each job of a bundle."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from celery.app.task import Context
from celery.exceptions import Retry

from apps.jobs import sql
from apps.jobs.enqueuing import continuation

if TYPE_CHECKING:
    from celery.utils.threads import _LocalStack as LocalStack

    from apps.jobs.transitions import Claim


_NO_LIMITS = (None, None)


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
            correlation_id=str(job_id),
            delivery_info={},
            headers={},
            properties={},
            timelimit=_NO_LIMITS,
            _protected=1,  # a task called inside the body is a plain function
        )
        self.replacement: Any = None  # by replace(): a signature of any type
        self.replacement_id: str | None = None
        self.wish: RetryWish | None = None  # by retry()
        self.own_failure: str | None = None  # by update_state("FAILURE"): it ends so with Ignore
        self.is_exhausted = False  # by retry(): there were enough
        if options:
            self.update(continuation.of(options))
            self._show_headers()
        self.called_as: str | None = vars(self).pop("root_id", None)  # what the call named as its root

    def _show_headers(self) -> None:
        """Make custom headers attributes, as Celery does, except those named like one of its own."""
        own = vars(self)
        if isinstance(own["headers"], dict):  # an older release stored whatever it was given
            custom = own["headers"].items()
            own |= {
                name: value for name, value in custom if name not in own and not hasattr(JobRequest, name)
            }

    @classmethod
    def of(cls, claim: "Claim") -> "JobRequest":
        """Return the request of a claimed job."""
        return cls(claim.id, claim.kind, args=claim.args, failures=claim.failures, options=claim.options)

    @cached_property
    def parent_id(self) -> str | None:  # type: ignore[override]  # read when it is asked for
        """Return the id of the task that made this job, or came before it in a canvas."""
        return self._lineage[0]

    @cached_property
    def root_id(self) -> str | None:  # type: ignore[override]  # read when it is asked for
        """Return the id of the first task of the family: its own, if no other made it."""
        return self._lineage[1]

    @cached_property
    def _lineage(self) -> tuple[str | None, str | None]:
        root = self.called_as or str(self.id)
        try:
            [(parent, first)] = sql.run("lineage", {"id": self.id, "climbs_from": UUID(root)})
        except ValueError:  # the root is a task of another package, with an id of its own
            return None, root
        return str(parent) if parent else None, str(first)

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
        if (message := self._stack.top) is not None:
            vars(self._request).update(delivery_info=message.delivery_info, hostname=message.hostname)

    def __enter__(self) -> JobRequest:
        """Lay it."""
        self._stack.push(self._request)
        return self._request

    def __exit__(self, *_: object) -> None:
        """Take it away."""
        self._stack.pop()
