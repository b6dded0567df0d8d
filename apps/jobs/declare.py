"""@job: turn a function into a job type, which is a Celery task whose calls are rows in the ledger."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Concatenate, ParamSpec, TypeVar, get_type_hints, overload

from celery import shared_task

from apps.jobs.arguments import signature_of
from apps.jobs.context import Context
from apps.jobs.retry import RetryPolicy
from apps.jobs.task import JobTask

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class job:  # noqa: N801  # it is used as a decorator
    """Declare a job type.

    ``kind`` is the path of its file under ``tasks``, with dots. The function's docstring is shown to people.
    ``timeout`` counts one attempt. A function whose first parameter is a ``Context`` is given one.
    """

    kind: str
    queue: str = "default"
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    timeout: timedelta = timedelta(minutes=10)
    atomic: bool = False  # its effects in the database and its completion are one commit
    cron: str | None = None  # five crontab fields: a default schedule, which an admin may edit
    timezone: str = "UTC"  # of the schedule

    @overload
    def __call__(self, function: Callable[Concatenate[Context, P], R]) -> JobTask[P, R]: ...

    @overload
    def __call__(self, function: Callable[P, R]) -> JobTask[P, R]: ...

    def __call__(self, function: Callable[..., R]) -> JobTask[..., R]:
        """Register the function as a Celery task of our base class."""
        wants_context = _wants_context(function)
        return shared_task(
            name=self.kind,
            base=JobTask,
            job_queue=self.queue,
            retry_policy=self.retry,
            timeout=self.timeout,
            atomic=self.atomic,
            cron=self.cron,
            cron_timezone=self.timezone,
            wants_context=wants_context,
            parameters=signature_of(function, wants_context=wants_context),
            # every way into the task passes apply_async, which checks; the message itself has no arguments
            typing=False,
        )(function)


def _wants_context(function: Callable[..., object]) -> bool:
    first = next(iter(inspect.signature(function).parameters), None)
    return first is not None and get_type_hints(function).get(first) is Context
