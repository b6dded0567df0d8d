"""A worker outlives whatever somebody puts into its queue, and writes it down.  Called by the consumer.

Celery itself logs and drops a message whose body is wrong. A wrong envelope comes up as an error of the
transport or of a header, and would end the worker: one message, one worker.
"""

import logging
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from billiard.exceptions import WorkerLostError
from celery.exceptions import CeleryError
from django.db import connection
from kombu import Message

from apps.jobs.messages import dead_messages

log = logging.getLogger("backline.worker")

P = ParamSpec("P")
R = TypeVar("R")


class UnreadableMessage(ConnectionError):  # noqa: N818  # to Celery: connect again and go on
    """The transport could not read what stood in the queue."""


def receiving(
    receive: Callable[[Message], object], let_through: tuple[type[BaseException], ...]
) -> Callable[[Message], None]:
    """Return a handler of messages that drops those whose headers make no sense, with a line in the log."""

    def received(message: Message) -> None:
        try:
            receive(message)
        except let_through:
            raise
        except Exception as error:  # noqa: BLE001  # whatever a header may hold; it is told
            write_down(message, "Nobody can read its headers.", error)
            if not message.acknowledged:  # Celery refuses some before it trips over them
                message.ack_log_error(log, let_through)

    return received


def write_down(message: Message, why: str, error: BaseException | None = None) -> None:
    """Keep a message that is about to be dropped as a dead letter."""
    queue = str((message.delivery_info or {}).get("routing_key", ""))
    dead_messages.keep(why, queue=queue, error=error, headers=message.headers, body=message.body)
    connection.close()  # it must not be open in this process when a child is forked


def looping(loop: Callable[P, R], let_through: tuple[type[BaseException], ...]) -> Callable[P, R]:
    """Return the worker's loop, in which an envelope that nobody can read only costs a new connection."""

    known: tuple[type[BaseException], ...] = (*let_through, CeleryError, WorkerLostError)

    def outlived(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return loop(*args, **kwargs)
        except known:
            raise
        except Exception as error:
            dead_messages.keep("Nobody can read its envelope.", error=error)
            connection.close()
            raise UnreadableMessage(str(error)) from error

    return outlived
