"""Failures of jobs as Celery reports those of tasks: the log, its signals, and events for Flower.

A message carries many jobs, so Celery itself would report the message. Signals are sent in the process that
ran the body; events by the worker's main process, from the text that the message leaves as its result.
"""

import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from billiard.einfo import ExceptionInfo
from celery import signals
from celery.exceptions import Reject, Retry
from django.db.models import Q
from django.db.models.functions import Now

from apps.jobs.kinds import arguments
from apps.jobs.outcomes import Discard
from apps.jobs.running import trouble
from apps.jobs.states import State
from apps.jobs.transitions import Claim

log = logging.getLogger("backline.jobs")

_REVOKED = "task-revoked"
_EVENTS = {
    "dead": "task-failed",
    "retrying": "task-retried",
    "snoozed": "task-retried",  # not a success, which Flower would show for ever
    "cancelled": _REVOKED,
    "lease lost": "",  # another attempt reports it
}
_LONGEST = 500  # characters of an error
_TRACEBACK = 2000  # of its traceback, the end of it
_TRACEBACKS = 20  # a message; its other failures have their error only
_MARK = "\n"


@dataclass(frozen=True, slots=True)
class Failure:
    """An attempt that did not end well, as Flower is sent it."""

    job_id: str
    event: str
    args: str
    retries: int
    exception: str = ""
    traceback: str = ""
    ended_at: float | None = None  # of a job that ended before its message arrived; else now
    expired: bool = False


class Ended:
    """Result of a message: how many of its jobs ended how, and those that did not end well."""

    def __init__(self, words: Mapping[str, int], failures: list[Failure]) -> None:
        """Take both; the tracer asks for their text."""
        self.words = dict(words)
        self.failures = failures

    def __repr__(self) -> str:
        return _MARK.join([repr(self.words), *(json.dumps(asdict(failure)) for failure in self.failures)])


def read(result: str) -> tuple[str, list[Failure]]:
    """Return the text and the failures of a message's result."""
    text, *failures = result.split(_MARK)
    return text, [Failure(**json.loads(failure)) for failure in failures]


def of(claim: Claim, word: str, error: BaseException | None, *, before: int) -> Failure | None:
    """Return what Flower is sent of an attempt after ``before`` others; None when it went well."""
    event = _EVENTS.get(word)
    if event is None:
        return None
    shown = arguments.shown(claim.args)
    if error is None:
        return Failure(str(claim.id), event, shown, claim.failures)
    story = trouble.describe(error)
    exception = f"{story.error_type}({story.message[:_LONGEST]!r})"
    traceback = story.traceback[-_TRACEBACK:] if before < _TRACEBACKS else ""
    return Failure(str(claim.id), event, shown, claim.failures, exception, traceback)


def of_ended(ids: Iterable[UUID]) -> list[Failure]:
    """Return the events of those jobs that were cancelled or expired before their message arrived."""
    from apps.jobs.models.job import Job  # noqa: PLC0415  # job types load before the models

    has_expired = Q(state__in=(State.READY, State.QUEUED), expires_at__lte=Now())  # the keeper ends it soon
    rows = Job.objects.filter(Q(state=State.CANCELLED) | has_expired, pk__in=list(ids))
    return [
        Failure(
            str(row.pk),
            _REVOKED,
            arguments.shown(row.args),
            row.failures,
            ended_at=row.finished_at.timestamp() if row.finished_at else None,
            expired=row.cancel_requested_at is None,
        )
        for row in rows
    ]


def tell(task: Any, claim: Claim, word: str, error: BaseException, request: object = None) -> None:
    """Log a failed attempt and send Celery's signal of it, in the body's process.

    A dead job is logged as an error, which error trackers that read the log collect. The outcome is written
    later: when its lease turns out to be lost, another attempt follows.
    """
    cause = error.exc or error.__context__ or error if isinstance(error, Retry) else error
    if word in ("dead", "retrying"):
        _log(task, claim, word, cause)
    if word == "dead" and signals.task_failure.receivers:
        info = ExceptionInfo((type(cause), cause, cause.__traceback__))
        signals.task_failure.send(
            sender=task,
            task_id=str(claim.id),
            exception=cause,
            args=[],
            kwargs=claim.args,
            traceback=cause.__traceback__,
            einfo=info,
        )
    elif word == "retrying" and signals.task_retry.receivers:
        info = ExceptionInfo((type(cause), cause, cause.__traceback__))
        signals.task_retry.send(sender=task, request=request, reason=error, einfo=info)


def _log(task: Any, claim: Claim, word: str, error: BaseException) -> None:
    if isinstance(error, Discard | Reject | Retry):
        return  # the job asked for it
    is_expected = isinstance(error, tuple(task.throws))
    level = logging.INFO if is_expected else logging.ERROR if word == "dead" else logging.WARNING
    log.log(
        level,
        "%s %s failed in attempt %d",
        claim.kind,
        claim.id,
        claim.attempt,
        exc_info=None if is_expected else error,
        extra={"kind": claim.kind, "job_id": str(claim.id)},
    )
