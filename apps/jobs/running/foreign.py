"""Tasks of other packages beside ours: plain Celery, without a row.

A step of a canvas that follows one of our jobs is handed over by a job of its own. Sent before the commit it
could run for an outcome that never was; sent after it, a death would lose it.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from typing import Any
from uuid import uuid4

from celery import Celery, current_app
from celery.result import AsyncResult
from kombu.utils import json as celerys_json

from apps.jobs.enqueuing import signature_options
from apps.jobs.enqueuing.enqueue import enqueue
from apps.jobs.messages import broker
from apps.jobs.outcomes import Snooze

HAND_OVER = "canvas.hand_over"  # the job type that sends
_AGAIN = timedelta(seconds=2)

_is_handing_over: ContextVar[bool] = ContextVar("is_handing_over", default=False)


@contextmanager
def handed_over() -> Iterator[None]:
    """Have what the block sends to tasks of other packages sent by a job, in the block's transaction."""
    token = _is_handing_over.set(True)
    try:
        yield
    finally:
        _is_handing_over.reset(token)


def is_handing_over() -> bool:
    """Say whether a message has to wait for the commit of the job that it follows."""
    return _is_handing_over.get()


def hand_over(
    app: Celery, name: str, args: Sequence[object], kwargs: Mapping[str, object], options: Mapping[str, Any]
) -> AsyncResult[Any]:
    """Enqueue the job that sends this message; return the handle that sending it would have returned."""
    task_id = options.get("task_id") or str(uuid4())
    said = {option: value for option, value in signature_options.kept(options).items() if value is not None}
    message = {"args": list(args), "kwargs": dict(kwargs), "options": said | {"task_id": task_id}}
    enqueue(HAND_OVER, name=name, **json.loads(celerys_json.dumps(message)))
    return app.AsyncResult(task_id)


def send(name: str, args: list[object], kwargs: dict[str, object], options: dict[str, object]) -> None:
    """Send a message to a task of another package; a broker that is away is waited for."""
    kept = signature_options.kept(options)
    message = celerys_json.loads(json.dumps({"args": args, "kwargs": kwargs, "options": kept}))
    task = current_app.tasks.get(name)
    with broker.connected(confirm=True) as producer:
        try:
            with broker.said_when_away(producer):
                current_app.send_task(
                    name,
                    message["args"],
                    message["kwargs"],
                    producer=producer,
                    task_type=task,
                    serializer="json",
                    retry=False,
                    add_to_parent=False,
                    **message["options"],
                )
        except broker.BrokerAway as away:
            raise Snooze(_AGAIN, f"The broker is away: {away}") from away
