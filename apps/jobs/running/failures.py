"""Failures of jobs as Celery reports those of tasks: the log, its signals, and events for Flower.

A message carries many jobs, so Celery itself would report the message. Signals are sent in the process that
ran the body; events by the worker's main process, from the text that the message leaves as its result.
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from billiard.einfo import ExceptionInfo
from celery import signals
from celery.exceptions import Reject, Retry

from apps.jobs.kinds import arguments
from apps.jobs.outcomes import Discard
from apps.jobs.running import trouble
from apps.jobs.transitions import Claim

log = logging.getLogger("backline.jobs")

_EVENTS = {"dead": "task-failed", "retrying": "task-retried", "cancelled": "task-revoked"}
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
