"""Tasks of our base class that were declared Celery's way: ``@shared_task(base=JobTask)``, or a class.

A base class of JobTask: what @job would have found out about the function is found out when Celery binds it.
"""

import inspect
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, get_type_hints

from celery import Celery, Task

from apps.jobs.kinds.arguments import signature_of
from apps.jobs.kinds.validate import Validator
from apps.jobs.running.context import Context

if TYPE_CHECKING:
    AnyTask = Task[..., Any]
else:  # Celery's class is generic only for the checker
    AnyTask = Task


class PlainlyDeclared(AnyTask):
    """A task that tells by its function what it takes."""

    abstract = True
    typing = False  # apply_async checks the arguments; the message has none
    wants_context: bool
    parameters: inspect.Signature
    validator: Validator | None
    timeout: timedelta

    @classmethod
    def on_bound(cls, app: Celery) -> None:
        """Read the function's parameters, unless @job did; make Celery's limits ours."""
        super().on_bound(app)
        cls._take_over_limits()
        if cls.validator is not None:
            return
        function = getattr(cls.run, "__wrapped__", cls.run)
        is_bound = not isinstance(inspect.getattr_static(cls, "run"), staticmethod)
        cls.wants_context = not is_bound and wants_context(function)
        cls.parameters = signature_of(function, wants_context=is_bound or cls.wants_context)
        cls.validator = Validator(cls.name, function, cls.parameters)

    @classmethod
    def _take_over_limits(cls) -> None:
        """Limit each attempt, where Celery would limit the message, with all the jobs that it carries."""
        limits = [timedelta(seconds=limit) for limit in (cls.time_limit, cls.soft_time_limit) if limit]
        if limits:
            cls.timeout = min(limits)
        cls.time_limit = cls.soft_time_limit = None


def wants_context(function: Callable[..., object]) -> bool:
    """Say whether a function's first parameter is a Context."""
    first = next(iter(inspect.signature(function).parameters), None)
    return first is not None and get_type_hints(function).get(first) is Context
