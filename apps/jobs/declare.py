"""@job: turn a function into a job type, which is a Celery task whose calls are rows in the ledger."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Concatenate, ParamSpec, TypeVar, overload

from celery import shared_task

from apps.jobs.kinds.arguments import signature_of
from apps.jobs.kinds.declared import Declaration
from apps.jobs.kinds.validate import Validator
from apps.jobs.plain_declaration import wants_context
from apps.jobs.running.context import Context
from apps.jobs.task import JobTask

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class job(Declaration):  # noqa: N801  # it is used as a decorator
    """Declare a job type.

    ``kind`` is the path of its file under ``tasks``, with dots. The function's docstring is shown to people.
    ``timeout`` counts one attempt. A function whose first parameter is a ``Context`` is given one,
    and with ``bind``, as in Celery, the task.
    """

    @overload
    def __call__(self, function: Callable[Concatenate[JobTask[..., Any], P], R]) -> JobTask[P, R]: ...

    @overload
    def __call__(self, function: Callable[Concatenate[Context, P], R]) -> JobTask[P, R]: ...

    @overload
    def __call__(self, function: Callable[P, R]) -> JobTask[P, R]: ...

    def __call__(self, function: Callable[..., R]) -> JobTask[..., R]:
        """Register the function as a Celery task of our base class; raise for what cannot be kept."""
        takes_context = not self.bind and wants_context(function)
        signature = signature_of(function, wants_context=takes_context or self.bind)
        self.check(signature)
        declared = self._attributes() | {
            "wants_context": takes_context,
            "parameters": signature,
            "validator": Validator(self.kind, function, signature),
        }
        for alias in self.aliases:
            _as_task(function, alias, declared | {"alias_of": self.kind})
        return _as_task(function, self.kind, declared)

    def _attributes(self) -> dict[str, Any]:
        """Return what the task is told, by the names it has there: some words are Celery's own."""
        return {
            "bind": self.bind,
            "aliases": self.aliases,
            "job_queue": self.queue or "",
            "job_priority": self.priority,
            "retry_policy": self.retry,
            "timeout": self.timeout,
            "atomic": self.atomic,
            "cron": self.cron,
            "cron_timezone": self.timezone,
            "version": self.version,
            "upcast": self.upcast,
            "expires_after": self.expires_after,
            "unique": self.unique,
            "bundle": self.bundle,
            "limit": self.limit,
            "concurrency": self.concurrency,
            "limit_by": self.limit_by,
            "internal": self.internal,
            "on": self.listens_to,
            # every way into the task passes apply_async, which checks; the message itself has no arguments
            "typing": False,
        }


def _as_task(function: Callable[..., R], name: str, attributes: Mapping[str, Any]) -> JobTask[..., R]:
    register: Callable[[Callable[..., R]], JobTask[..., R]] = shared_task(
        name=name, base=JobTask, **attributes
    )
    return register(function)
