"""Settings of Celery's that jobs cannot obey, with the alternative.  Read by the system checks.

What is not here works, or holds for other packages' tasks only: docs/celery.md lists every setting.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from celery._state import get_current_app  # the proxy takes thirty times as long
from celery.app.defaults import NAMESPACES, flatten
from celery.utils.imports import symbol_by_name
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


class Refused(NamedTuple):
    """Values of a setting that stop the start, and the alternative."""

    is_fine: Callable[[object], bool]
    instead: str


def _is_unset(value: object) -> bool:
    return not value


def _is_a(base: str) -> Callable[[object], bool]:
    """Return whether a setting names this class or one derived from it."""

    def is_fine(value: object) -> bool:
        return isinstance(value, str) and _is_subclass(value, base)

    return is_fine


def _is_subclass(name: str, base: str) -> bool:
    try:
        return issubclass(symbol_by_name(name), symbol_by_name(base))
    except (ImportError, AttributeError, TypeError, ValueError):
        return False


def _holds_json(value: object) -> bool:
    return isinstance(value, list | tuple | set) and bool({"json", "application/json"} & set(value))


_LEDGERS = "The ledger holds every result. Remove it: results of other packages' tasks are in its database."

REFUSED: Mapping[str, Refused] = {
    "accept_content": Refused(_holds_json, 'Messages of jobs are JSON. Add "json" to it.'),
    "beat_cron_starting_deadline": Refused(
        _is_unset, "Each schedule has a policy for missed runs. Remove it, and choose the policy there."
    ),
    "beat_schedule_filename": Refused(_is_unset, "Schedules are in the database. Remove it."),
    "beat_scheduler": Refused(
        _is_a("apps.schedules.beat:LedgerScheduler"), "Set it to apps.schedules.beat:LedgerScheduler."
    ),
    "beat_sync_every": Refused(_is_unset, "Each run is stored when it starts. Remove it."),
    "result_backend": Refused(
        _is_a("apps.jobs.results:LedgerBackend"), "Set it to apps.jobs.results:LedgerBackend."
    ),
    "task_always_eager": Refused(
        _is_unset,
        "A job is a row that a worker claims. Remove it; a test calls the function, or runs what was "
        "enqueued with apps.jobs.testing.run_jobs().",
    ),
    "task_default_rate_limit": Refused(
        _is_unset, 'It would hold back messages, each with many jobs. Give job types limit="10/min".'
    ),
    "task_inherit_parent_priority": Refused(
        _is_unset,
        "A job does not take the priority of its parent. Remove it, and pass priority= in the call.",
    ),
    "task_soft_time_limit": Refused(
        _is_unset,
        "It limits a message, and all the jobs that it carries, not one of them. "
        "Give job types a timeout: @job(..., timeout=timedelta(minutes=2)).",
    ),
    "task_time_limit": Refused(
        _is_unset,
        "It limits a message, and all the jobs that it carries, not one of them. "
        "Give job types a timeout: @job(..., timeout=timedelta(minutes=2)).",
    ),
    "worker_consumer": Refused(
        _is_a("apps.jobs.worker.consumer:LedgerConsumer"),
        "Set it to apps.jobs.worker.consumer:LedgerConsumer.",
    ),
    "worker_pool": Refused(
        lambda value: value in (None, "prefork", "processes", "threads", "solo"),
        "A job is interrupted by signals and threads. Use prefork, threads or solo.",
    ),
    "worker_pool_start_method": Refused(
        lambda value: value in (None, "fork"), "A worker shares memory with its children. Use fork."
    ),
}
# Settings of result backends that are not used begin with one of these.
OTHER_BACKENDS = (
    "arangodb_",
    "azureblockblob_",
    "cache_",
    "cassandra_",
    "cosmosdbsql_",
    "couchbase_",
    "database_",
    "elasticsearch_",
    "gcs_",
    "mongodb_",
    "redis_",
    "s3_",
)
# Read by Celery's Django fixup, which has no entry in Celery's own list.
ELSEWHERE = frozenset({"db_reuse_max"})
KNOWN = frozenset(dict(flatten(NAMESPACES))) | ELSEWHERE


def fault_of(name: str, value: object) -> str | None:
    """Return what to do instead of a setting, by Celery's name for it; None when it can stay."""
    if name.startswith(OTHER_BACKENDS) and name in KNOWN:
        return None if _is_unset(value) else _LEDGERS
    rule = REFUSED.get(name)
    return None if rule is None or rule.is_fine(value) else rule.instead


def refuse_eager() -> None:
    """Raise ImproperlyConfigured when a test or a program made Celery eager after the start's checks."""
    changed = get_current_app().conf.changes or {}
    if changed.get("task_always_eager") or getattr(settings, "CELERY_TASK_ALWAYS_EAGER", False):
        raise ImproperlyConfigured(
            f"task_always_eager cannot hold for jobs. {REFUSED['task_always_eager'].instead}"
        )
