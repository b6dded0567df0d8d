"""Task bodies that run alike in the ledger and in plain Celery, and leave a record of every run."""

import hashlib
import json
import os
from typing import Any

import redis

from tests.canvases.shapes import build

RUNS = "runs"
OPEN = "open"  # messages of plain tasks that were sent and have not ended

_client: redis.Redis | None = None


def records() -> redis.Redis:
    """Return the client of the server that keeps the records of both sides."""
    global _client  # noqa: PLW0603  # one connection pool a process
    if _client is None:
        _client = redis.Redis.from_url(os.environ["CANVAS_RECORDS"], decode_responses=True)
    return _client


def step(self: Any, value: object = None, label: str = "") -> str:
    """Return a text that depends on the label and on all that was handed over."""
    return _record(label, value)


def boom(self: Any, value: object = None, label: str = "") -> str:
    """Fail."""
    _record(label, value)
    raise ValueError(label.partition("/")[2])


def flaky(self: Any, value: object = None, label: str = "") -> str:
    """Fail once, then end well."""
    text = _record(label, value)
    if not self.request.retries:
        raise self.retry(countdown=0.05, max_retries=2)
    return text


def swap(self: Any, value: object = None, label: str = "", into: Any = None) -> Any:
    """Let another canvas give the result."""
    text = _record(label, value)
    prefix = label.partition("/")[0]
    raise self.replace(build(into, lambda name: self.app.tasks[name], prefix, first=text))


def note(task_id: object, label: str = "") -> None:
    """Be called with the id of a task that failed, as Celery's older errbacks."""
    _record(label, "an id" if isinstance(task_id, str) else repr(task_id))


def told(request: Any, exc: Any, traceback: Any, label: str = "") -> None:
    """Be called with an error, as Celery's newer errbacks."""
    _record(label, type(exc).__name__)


def _record(label: str, value: object) -> str:
    said = json.dumps(value, sort_keys=True)
    records().rpush(RUNS, json.dumps([label, said]))
    return f"{label.partition('/')[2]}:{hashlib.sha256(said.encode()).hexdigest()[:6]}"


def opened(sender: str = "", **_: object) -> None:
    """Count a message that leaves."""
    if _is_counted(sender):
        records().incr(OPEN)


def closed(sender: Any = None, **_: object) -> None:
    """Count a message whose task has ended, with all that it sent."""
    if _is_counted(sender.name):
        records().incrby(OPEN, -1)  # DECR is not among what the broker of a machine permits


def _is_counted(name: str) -> bool:
    """Say whether no row shows that the task has not ended."""
    return name.startswith(("plain.", "celery.")) or "CANVAS_BACKEND" in os.environ
