"""A consumer that comes back within seconds of its broker, and loses no job whose kind it does not know."""

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from celery.worker.consumer import Consumer
from kombu import Connection, Message

from apps.jobs import unknown_kind, unreadable

log = logging.getLogger("backline.worker")


class LedgerConsumer(Consumer):
    """Celery's consumer, with short pauses between its attempts to connect.

    Celery's grow by two seconds each time, up to thirty: a worker that started before its broker beat for ten
    seconds without taking a job, and after an outage of minutes it would do so for half a minute.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        """Take what Celery's consumer takes."""
        super().__init__(*args, **options)
        self.loop = unreadable.looping(self.loop, self._let_through)  # type: ignore[has-type]  # not in the stubs

    @property
    def _let_through(self) -> tuple[type[BaseException], ...]:
        """Return the errors that say that the broker, not a message, is the trouble."""
        return (*self.connection_errors, *self.channel_errors)  # type: ignore[attr-defined]  # not in the stubs

    def create_task_handler(self, *args: Any, **options: Any) -> Callable[[Message], None]:
        """Receive messages, and outlive each of them."""
        return unreadable.receiving(super().create_task_handler(*args, **options), self._let_through)

    def ensure_connected(self, conn: Connection) -> Connection:
        """Connect, as often as it takes."""
        conn.ensure_connection = partial(  # type: ignore[method-assign]  # Celery passes no pauses
            conn.ensure_connection, interval_start=1, interval_step=1, interval_max=2
        )
        return super().ensure_connected(conn)

    def on_unknown_task(self, body: object, message: Message, exc: Exception) -> None:
        """Give the jobs of an unknown kind back; what is not ours, Celery refuses in its own way."""
        headers = message.headers or {}
        if not unknown_kind.is_ours(headers):
            super().on_unknown_task(body, message, exc)
            return
        unknown_kind.set_aside(headers)
        message.ack_log_error(log, self.connection_errors)  # type: ignore[attr-defined]  # missing from the stubs
        if self.event_dispatcher:  # type: ignore[attr-defined]  # likewise
            self.event_dispatcher.send("task-rejected", uuid=headers.get("id"))  # type: ignore[attr-defined]
