"""Celery's ways for a job to end its attempt: ``self.retry``, ``autoretry_for``, Retry, Ignore and Reject.

``RetryingTask`` is a base class of JobTask; ``outcome_of`` is asked by ``attempt``.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from celery import Celery, Task, states
from celery.exceptions import Ignore, MaxRetriesExceededError, Reject, Retry, TaskPredicate
from django.db import transaction
from psycopg.types.json import Jsonb

from apps.jobs import sql, storable, transitions
from apps.jobs.enqueuing import options
from apps.jobs.kinds import limits
from apps.jobs.kinds.kind import Kind
from apps.jobs.kinds.retry import MOST_ATTEMPTS, RetryPolicy
from apps.jobs.kinds.spans import is_moment, lasting, moment
from apps.jobs.kinds.validate import Validator
from apps.jobs.outcomes import Discard
from apps.jobs.running import settle, trouble
from apps.jobs.running.record import burial
from apps.jobs.running.request import JobRequest, RetryWish
from apps.jobs.transitions import Claim

if TYPE_CHECKING:
    AnyTask = Task[..., Any]
else:  # Celery's class is generic only for the checker
    AnyTask = Task

_THE_POLICYS = -1  # not declared on the task: the retry policy says it


class Retries(Kind, Protocol):
    """A job type, as far as its retries go."""

    default_retry_delay: int


class RetryingTask(AnyTask):
    """What Celery's users call on a task to run it again."""

    abstract = True
    max_retries = _THE_POLICYS  # None is for ever, as in Celery
    default_retry_delay = _THE_POLICYS
    retry_policy: RetryPolicy
    validator: Validator

    @classmethod
    def on_bound(cls, app: Celery) -> None:
        """Take the number of retries from the policy, unless the task declares its own."""
        super().on_bound(app)
        try:
            cls.retry_policy.check()
        except ValueError as error:
            raise ValueError(f"Job type {cls.name}: {error}") from None
        if cls.default_retry_delay != _THE_POLICYS:
            lasting(f"Job type {cls.name}: default_retry_delay", cls.default_retry_delay)
        if cls.max_retries == _THE_POLICYS:
            cls.max_retries = cls.retry_policy.max_attempts - 1
        elif cls.max_retries is not None:
            _countable(f"Job type {cls.name}", cls.max_retries)

    def retry(  # noqa: PLR0913  # Celery's signature
        self,
        args: Sequence[object] | None = None,
        kwargs: Mapping[str, object] | None = None,
        exc: Exception | None = None,
        throw: bool = True,
        eta: object = None,
        countdown: object = None,
        max_retries: int | None = None,
        **options: Any,
    ) -> Retry:
        """Run this job again later; nothing after this call is done.

        ``countdown`` or ``eta`` say when, else ``default_retry_delay`` or the retry policy. ``args``,
        ``kwargs``, ``queue`` and ``priority`` change what runs. Past ``max_retries`` raise ``exc`` or
        MaxRetriesExceededError.
        """
        request = self.request
        if not isinstance(request, JobRequest):
            asked = {"eta": eta, "countdown": countdown, "max_retries": max_retries} | options
            return super().retry(args, kwargs, exc, throw, **asked)  # type: ignore[arg-type]
        most = self.max_retries if max_retries is None else _countable(self.name, max_retries)
        if most is not None and request.retries >= most:
            request.is_exhausted = True
            raise exc or MaxRetriesExceededError(
                f"{self.name}[{request.id}] was retried {request.retries} times."
            )
        when: Any = None
        if countdown is not None:
            when = max(0.0, lasting(f"{self.name}: countdown", countdown).total_seconds())
        if eta is not None:
            when = moment(f"{self.name}: eta", eta)
        wish = RetryWish(Retry(exc=exc, when=when), self._renamed(args, kwargs), self._checked(options))
        request.wish = wish
        if throw:
            raise wish.retry
        return wish.retry

    def update_state(
        self, task_id: str | None = None, state: str | None = None, meta: object = None, **more: Any
    ) -> None:
        """Show a state as long as the job runs; after FAILURE, ``raise Ignore`` ends it as a dead letter."""
        request = self.request
        if isinstance(request, JobRequest) and task_id in (None, request.id):
            request.own_failure = storable.clean(str(meta)) if state == states.FAILURE else None
        super().update_state(task_id, state, meta, **more)  # type: ignore[arg-type]  # the stubs want a dict

    def _renamed(
        self, args: Sequence[object] | None, kwargs: Mapping[str, object] | None
    ) -> dict[str, object] | None:
        """Return changed arguments by name; those that only keywords change keep the rest."""
        if args is None and kwargs is None:
            return None
        if args is None:
            kwargs = dict(self.request.kwargs or {}) | dict(kwargs or {})
        return self.validator.named(args or (), kwargs or {})

    def _checked(self, given: Mapping[str, object]) -> Mapping[str, object]:
        changes = {name: given[name] for name in ("queue", "priority") if name in given}
        return options.stored(self.name, changes)


def outcome_of(
    task: Retries, claim: Claim, request: JobRequest, error: TaskPredicate
) -> tuple[str, Callable[[], bool]]:
    """Return what comes of an attempt that Celery's own words ended."""
    match error:
        case Retry():
            return "retrying", _again(task, claim, request.wish or RetryWish(error))
        case Reject(requeue=True):  # type: ignore[misc]  # missing from the stubs
            return "snoozed", lambda: transitions.snooze(claim, timedelta(), "It put itself back in line.")
        case Reject():
            return "dead", burial(claim, Discard(f"It rejected itself: {error.args[0]}"))
        case Ignore() if request.replacement is not None:
            return "succeeded", lambda: settle.replaced(claim, request)
        case Ignore() if request.own_failure is not None:
            return "dead", burial(claim, Discard(request.own_failure))
    return "cancelled", lambda: transitions.stop(claim, "It asked to be ignored.")


def span_until(when: object) -> timedelta:
    """Return how long Celery's ``Retry(when=...)`` waits: seconds, or a moment; raise as ``spans`` does."""
    if is_moment(when):
        return moment("Retry when", when) - datetime.now(UTC)
    return lasting("Retry when", when)


def _again(task: Retries, claim: Claim, wish: RetryWish) -> Callable[[], bool]:
    """Return the outcome of an attempt that asked for another."""
    retry = wish.retry
    story = trouble.describe(retry.exc or retry.__context__ or retry)
    delay = _delay(task, claim, retry.when)

    def write() -> bool:
        with transaction.atomic():
            accepted = transitions.retry(claim, story, delay)
            if accepted and (wish.args is not None or wish.options):
                sql.run("amend", {"id": claim.id} | _changes(task, wish))
        return accepted

    return write


def _changes(task: Retries, wish: RetryWish) -> dict[str, object]:
    """Return what runs next, and for new arguments what follows from them: they are of this release."""
    changes: dict[str, object] = {"queue": None, "priority": None} | dict(wish.options)
    if wish.args is None:
        return changes | {"args": None, "schema_version": None, "limit_key": None}
    limit_key = limits.key_of(task, wish.args)
    return changes | {
        "args": Jsonb(wish.args),
        "schema_version": task.version,
        "limit_key": limit_key,
    }


def _countable(where: str, max_retries: int) -> int:
    if max_retries >= MOST_ATTEMPTS:
        raise ValueError(
            f"{where}: max_retries must be below {MOST_ATTEMPTS}, not {max_retries}; None on the task retries"
            " for ever."
        )
    return max_retries


def _delay(task: Retries, claim: Claim, when: object) -> timedelta:
    if when is not None:
        return max(timedelta(), span_until(when))
    if task.default_retry_delay != _THE_POLICYS:
        return lasting("default_retry_delay", task.default_retry_delay)
    return task.retry_policy.delay(claim.failures + 1)
