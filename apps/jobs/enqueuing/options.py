"""Celery's options, checked before anything is written: PostgreSQL's refusal would break the transaction."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.conf import settings

from apps.jobs import storable
from apps.jobs.enqueuing import continuation, refusals
from apps.jobs.kinds import spans
from apps.jobs.kinds.priorities import priority_of
from apps.lib.ids import first_id_of

_LONGEST_QUEUE = 200
_LONGEST_KEY = 1000
_CLOCKS_DIFFER_BY = timedelta(days=1)

# Celery's options that the ledger answers itself or that say nothing about a stored job.
_UNDERSTOOD = {
    "add_to_parent",
    "ignore_result",
    "retry",
    "producer",
    "connection",
    "router",
    "publisher",
    "reply_to",
    "result_cls",
    "retries",
    "retry_policy",
    "route_name",
    "task_type",
}


def stored(kind: str, options: Mapping[str, object]) -> dict[str, object]:
    """Return what a job keeps of its caller's options, by the names of the ledger's NewJob.

    Raise TypeError or ValueError, with the way out, for what it cannot keep.
    """
    read = _read(kind, options)
    if isinstance(read.get("expires"), datetime):
        read["expires_at"] = read.pop("expires")
    if (came_with := continuation.stored(kind, options)) is not None:
        read["options"] = came_with
    return read


def check(kind: str, options: Mapping[str, object]) -> None:
    """Raise TypeError or ValueError for options that ``stored`` would refuse, whatever waits for the job."""
    _read(kind, options)
    continuation.check(kind, options)


def _read(kind: str, options: Mapping[str, object]) -> dict[str, object]:
    refusals.check(kind, options, _KEPT | _UNDERSTOOD | continuation.understood(options))
    given = {name: options[name] for name in _KEPT if options.get(name) is not None}
    return {_STORED_AS.get(name, name): _READERS[name](kind, value) for name, value in given.items()}


def _delay(kind: str, countdown: object) -> timedelta:
    return spans.lasting(f"{kind}: countdown", countdown)


def _eta(kind: str, eta: object) -> datetime:
    return spans.moment(f"{kind}: eta", eta)


def _expires(kind: str, expires: object) -> timedelta | datetime:
    """Read how long it may wait (counted from now, as Celery does), or until when."""
    what = f"{kind}: expires"
    return spans.moment(what, expires) if spans.is_moment(expires) else spans.lasting(what, expires)


def _queue(kind: str, queue: object) -> str:
    if not isinstance(queue, str) or not queue or queue != storable.clean(queue[:_LONGEST_QUEUE]):
        raise ValueError(f"{kind}: queue must be a name of at most {_LONGEST_QUEUE} letters, not {queue!r}.")
    return queue


def _idempotency_key(kind: str, key: object) -> str:
    if not isinstance(key, str) or not 0 < len(key) <= _LONGEST_KEY:
        raise ValueError(f"{kind}: idempotency_key must be a text of 1 to {_LONGEST_KEY} letters.")
    return key


def _time_ordered(kind: str, task_id: object) -> UUID:
    try:
        job_id = UUID(str(task_id))
    except ValueError:
        job_id = None
    if job_id is None or job_id.version != 7:
        raise ValueError(
            f"{kind}: task_id {task_id!r} is not a version 7 UUID. Leave it out, or make one with new_id()."
        )
    if job_id > first_id_of(datetime.now(UTC) + _CLOCKS_DIFFER_BY):
        raise ValueError(f"{kind}: task_id {task_id!r} was made in the future. Leave it out.")
    if is_forgotten(job_id):
        raise ValueError(
            f"{kind}: task_id {task_id!r} is of a time whose jobs are forgotten. "
            "Leave it out, or make one with new_id()."
        )
    return job_id


def is_forgotten(job_id: UUID) -> bool:
    """Return whether the week that a job of this id belongs to may be gone."""
    days = settings.BACKLINE_JOB_DAYS
    return bool(days) and job_id < first_id_of(datetime.now(UTC) - timedelta(days=days))


_READERS: dict[str, Callable[[str, object], object]] = {
    "countdown": _delay,
    "eta": _eta,
    "expires": _expires,
    "priority": priority_of,
    "queue": _queue,
    "task_id": _time_ordered,
    "idempotency_key": _idempotency_key,
}
_KEPT = set(_READERS)
_STORED_AS = {"countdown": "delay", "task_id": "id"}
