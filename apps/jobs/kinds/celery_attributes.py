"""Celery's attributes of a task on a job type: translated, or refused with the alternative.

Called when Celery binds a class that was declared Celery's way. docs/celery.md lists every attribute.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from fractions import Fraction
from typing import NamedTuple

from apps.jobs.kinds.spans import lasting

_UNITS = (("s", 1), ("min", 60), ("hour", 3600), ("day", 86_400))
_CELERYS_UNITS = {"s": 1, "m": 60, "h": 3600}


class Rule(NamedTuple):
    """Values of an attribute that a job type already obeys, and the alternative to all others."""

    allowed: tuple[object, ...]
    instead: str


_BY_QUEUE = "Name a queue instead: queue='imports'."
_RUNS_AGAIN = (
    "A job whose worker died always runs again, three times at most; a job that must not do its effect twice "
    "uses ctx.effect. Remove it."
)
_BY_POLICY = "A job that failed runs again by its retry policy: retry_policy=RetryPolicy(...). Remove it."
_ONE_BACKEND = "The ledger holds the outcome of every job. Remove it."

RULES: Mapping[str, Rule] = {
    "acks_on_failure": Rule((None, True), _BY_POLICY),
    "acks_on_failure_or_timeout": Rule((None, True), _BY_POLICY),
    "acks_on_timeout": Rule((None, True), _BY_POLICY),
    "backend": Rule((None,), _ONE_BACKEND),
    "compression": Rule((None,), "A message carries ids only. Remove it."),
    "delivery_mode": Rule((None,), "A message that the broker loses is sent again. Remove it."),
    "exchange": Rule((None,), _BY_QUEUE),
    "exchange_type": Rule((None,), _BY_QUEUE),
    "immediate": Rule((None, False), "RabbitMQ no longer supports it. Remove it."),
    "mandatory": Rule((None, False), "A message that the broker loses is sent again. Remove it."),
    "reject_on_worker_lost": Rule((None, True), _RUNS_AGAIN),
    "resultrepr_maxsize": Rule((None, 1024), "Flower is sent no results of jobs. Remove it."),
    "retry": Rule((), "Write retry_policy=RetryPolicy(...)."),
    "routing_key": Rule((None,), _BY_QUEUE),
    "serializer": Rule((None, "json"), "Arguments and results of jobs are JSON. Remove it."),
    "store_eager_result": Rule((None, False), "A job that is called directly has no row. Remove it."),
    "Strategy": Rule((), "A worker must receive the messages of jobs itself. Remove it."),
    "timezone": Rule((), "Write cron_timezone=."),
}
# Whatever a task or a setting says of these, a job's message is acknowledged at once and has no result.
ALWAYS: Mapping[str, object] = {
    "acks_late": False,
    "expires": None,
    "ignore_result": True,
    "rate_limit": None,
    "reject_on_worker_lost": None,
    "retry_on_worker_lost": None,
    "store_errors_even_if_ignored": False,
    "track_started": False,
    "trail": False,
}


def check(declared: Mapping[str, object], configured: Mapping[str, object]) -> None:
    """Raise ValueError for the first attribute that a job type can neither obey nor translate.

    ``configured`` has the values that come from Celery's settings; those are checked by themselves.
    """
    for name, rule in RULES.items():
        if name not in declared or any(declared[name] is value for value in rule.allowed):
            continue
        if declared[name] in rule.allowed or (name in configured and declared[name] == configured[name]):
            continue
        raise ValueError(f"{name}={declared[name]!r} has no meaning for a job. {rule.instead}")


def expires_after(given: object) -> timedelta | None:
    """Return how long a job may wait; raise ValueError for a moment, which would end the kind for ever."""
    if given is None:
        return None
    if isinstance(given, datetime):
        raise ValueError(f"expires={given!r} is a moment. Give seconds or a timedelta, or pass it in a call.")
    span = lasting("expires", given)
    if span <= timedelta():
        raise ValueError(f"expires must be longer than nothing, not {given!r}.")
    return span


def limit_of(rate_limit: object) -> str | None:
    """Return Celery's rate, such as ``100/m`` or a number per second, as a limit of a kind; None for none."""
    if not rate_limit:
        return None
    jobs, _, unit = str(rate_limit).partition("/")
    try:
        number, seconds = Fraction(jobs), _CELERYS_UNITS[(unit or "s").strip()]
    except (ValueError, ZeroDivisionError, KeyError):
        raise ValueError(f"rate_limit={rate_limit!r} is no rate. Write limit='10/min'.") from None
    if number <= 0:
        return None
    for name, length in _UNITS:
        whole = number * length / seconds
        if whole.denominator == 1:
            return f"{whole}/{name}"
    raise ValueError(f"rate_limit={rate_limit!r} is no whole number of jobs a day. Write limit='10/min'.")
