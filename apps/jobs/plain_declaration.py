"""Job types declared Celery's way: ``@shared_task(base=JobTask)``, or a class; and Celery's settings for any.

A base class of JobTask. Celery's attributes become those of the kind, or are refused, when Celery binds the
task; parameters that @job would have read from the function are read then too.
"""

import inspect
from collections.abc import Callable
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, get_type_hints

from celery import Celery, Task

from apps.jobs.kinds import celery_attributes, routes
from apps.jobs.kinds.arguments import signature_of
from apps.jobs.kinds.declared import Declaration
from apps.jobs.kinds.priorities import priority_of
from apps.jobs.kinds.validate import Validator
from apps.jobs.running.context import Context

if TYPE_CHECKING:
    from collections.abc import Mapping

    from apps.jobs.kinds.kind import Upcaster
    from apps.jobs.kinds.retry import RetryPolicy
    from apps.jobs.kinds.unique import Unique

    AnyTask = Task[..., Any]
else:  # Celery's class is generic only for the checker
    AnyTask = Task

_OURS = ("celery.", "apps.jobs.")  # modules whose classes declare no job type
# Celery deprecates these on tasks; here two are the kind's, and the rest is refused
_WARNED_OF = ("queue", "priority", "exchange", "exchange_type", "routing_key", "delivery_mode")


class PlainlyDeclared(AnyTask):
    """A job type that takes Celery's attributes and settings over when Celery binds it."""

    abstract = True
    typing = False  # apply_async checks the arguments; the message has none
    wants_context: bool
    parameters: inspect.Signature
    validator: Validator | None
    timeout: timedelta
    job_queue: str
    job_priority: int
    retry_policy: "RetryPolicy"
    expires_after: timedelta | None
    limit: str | None
    concurrency: int | None
    limit_by: str | None
    unique: "Unique | None"
    bundle: int
    version: int
    upcast: "Mapping[int, Upcaster]"
    aliases: tuple[str, ...]
    _celerys_own: "Mapping[str, object]" = MappingProxyType({})

    @classmethod
    def bind(cls, app: Celery) -> Celery:
        """Take over what Celery would warn of, then bind as Celery does."""
        own = {name: vars(cls)[name] for name in _WARNED_OF if name in vars(cls)}
        for name in own:
            delattr(cls, name)
        cls._celerys_own = own
        return super().bind(app)

    @classmethod
    def on_bound(cls, app: Celery) -> None:
        """Read the function's parameters, unless @job did; make Celery's attributes and routes the kind's."""
        super().on_bound(app)
        try:
            cls._take_over_attributes(app)
            cls._take_over_limits()
            cls._follow_route(app)
        except (TypeError, ValueError) as error:
            raise type(error)(f"Job type {cls.name}: {error}") from error
        if cls.validator is None:
            cls._read_function()

    @classmethod
    def _take_over_attributes(cls, app: Celery) -> None:
        declared = _declared(cls) | dict(cls._celerys_own)
        configured = {name: app.conf[setting] for name, setting in cls.from_config}
        celery_attributes.check(declared, configured)
        if declared.get("queue"):
            cls.job_queue = str(routes.name_of(declared["queue"]))
        if declared.get("priority") is not None:
            cls.job_priority = priority_of(cls.name, declared["priority"])
        if declared.get("expires") is not None:
            cls.expires_after = celery_attributes.expires_after(declared["expires"])
        if (rate := declared.get("rate_limit")) and rate != configured["rate_limit"]:
            cls._take_over_rate(rate)
        for name, value in celery_attributes.ALWAYS.items():
            setattr(cls, name, value)

    @classmethod
    def _take_over_rate(cls, rate: object) -> None:
        """Limit the kind, over all workers; Celery would hold back messages, in each worker by itself."""
        limit = celery_attributes.limit_of(rate)
        if cls.limit is not None and limit != cls.limit:
            raise ValueError(f"rate_limit={rate!r} and limit={cls.limit!r} are two limits. Leave one.")
        cls.limit = limit

    @classmethod
    def _take_over_limits(cls) -> None:
        """Limit each attempt, where Celery would limit the message, with all the jobs that it carries."""
        limits = [timedelta(seconds=limit) for limit in (cls.time_limit, cls.soft_time_limit) if limit]
        if limits:
            cls.timeout = min(limits)
        cls.time_limit = cls.soft_time_limit = None

    @classmethod
    def _follow_route(cls, app: Celery) -> None:
        """Give the kind the queue and the priority of its route, where it declares none itself."""
        route = routes.route_of(app, cls.name, cls)
        cls.job_queue = cls.job_queue or str(route.get("queue") or app.conf.task_default_queue)
        if not cls.job_priority and "priority" in route:
            cls.job_priority = priority_of(cls.name, route["priority"])

    @classmethod
    def _read_function(cls) -> None:
        function = getattr(cls.run, "__wrapped__", cls.run)
        is_bound = not isinstance(inspect.getattr_static(cls, "run"), staticmethod)
        cls.wants_context = not is_bound and wants_context(function)
        cls.parameters = signature_of(function, wants_context=is_bound or cls.wants_context)
        cls._check()
        cls.validator = Validator(cls.name, function, cls.parameters)

    @classmethod
    def _check(cls) -> None:
        """Raise ValueError for what @job would refuse as well."""
        Declaration(
            cls.name,
            retry=cls.retry_policy,
            aliases=cls.aliases,
            version=cls.version,
            upcast=cls.upcast,
            unique=cls.unique,
            bundle=cls.bundle,
            limit=cls.limit,
            concurrency=cls.concurrency,
            limit_by=cls.limit_by,
        ).check(cls.parameters)


def wants_context(function: Callable[..., object]) -> bool:
    """Say whether a function's first parameter is a Context."""
    first = next(iter(inspect.signature(function).parameters), None)
    return first is not None and get_type_hints(function).get(first) is Context


def _declared(task: type) -> dict[str, object]:
    """Return the attributes that the classes of a job type declare themselves."""
    classes = [one for one in task.__mro__ if not one.__module__.startswith(_OURS)]
    return {name: value for one in reversed(classes) for name, value in vars(one).items()}
