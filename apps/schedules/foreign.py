"""Celery tasks of other packages: sent as plain messages after the commit, by a thread of their own.

They have no row in the ledger, so its promises do not reach them: a message that the broker does
not take is lost, as in every Celery; the moment stays to tell that it was due.
"""

import logging
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

from celery import current_app

from apps.jobs.messages import broker
from apps.schedules.arguments import read_args, read_headers, read_kwargs
from apps.schedules.row import Row

log = logging.getLogger("backline.beat")

_sender = ThreadPoolExecutor(max_workers=1, thread_name_prefix="beat-sender")


def is_known(task: str) -> bool:
    """Say whether this process knows a Celery task of this name."""
    return task in current_app.tasks


def message_of(row: Row) -> dict[str, Any]:
    """Return what Celery's send_task takes; raise Unreadable when the row holds bad JSON."""
    options = {
        "queue": row.queue or None,
        "exchange": row.exchange or None,
        "routing_key": row.routing_key or None,
        "priority": row.priority,
        "expires": row.expires or row.expire_seconds,
    }
    return {
        "args": read_args(row),
        "kwargs": read_kwargs(row),
        "headers": read_headers(row) | {"periodic_task_name": row.name},
        **{name: value for name, value in options.items() if value is not None},
    }


def send_soon(task: str, message: dict[str, Any]) -> None:
    """Hand a message to the sending thread; return at once, whatever the broker does."""
    _sender.submit(_send, task, message).add_done_callback(partial(_tell, task))


def _send(task: str, message: dict[str, Any]) -> None:
    with broker.connected(confirm=True) as producer:
        current_app.send_task(task, producer=producer, retry=False, ignore_result=True, **message)


def _tell(task: str, sent: Future[None]) -> None:
    if (error := sent.exception()) is not None:
        log.error("%s was not sent (%s); this run of it is lost", task, error)
