"""A consumer that comes back within seconds of its broker, and loses no job whose kind it does not know."""

import logging
from collections.abc import Callable
from functools import partial
from time import monotonic, sleep
from typing import Any, cast

from celery import Task
from celery.worker.consumer import Consumer
from celery.worker.state import maybe_shutdown
from kombu import Connection, Message

from apps.jobs.messages import broker, unknown_kind, unreadable
from apps.jobs.worker import late_acks
from apps.lib import redact

log = logging.getLogger("backline.worker")

_AFTER_REFUSAL_S = 2.0
_FAREWELL_S = 0.3
_TELL_AFTER_S = 0.2


class LedgerConsumer(Consumer):
    """Celery's consumer, with short pauses between its attempts to connect.

    Celery's grow by two seconds each time, up to thirty: a worker that started before its broker beat for ten
    seconds without taking a job, and after an outage of minutes it would do so for half a minute.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        """Take what Celery's consumer takes."""
        super().__init__(*args, **options)
        self.loop = unreadable.looping(self.loop, self._let_through)  # type: ignore[has-type]  # not in the stubs
        self._tells_at = 0.0

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
        # The main process publishes nothing but news for Flower: nothing to wait for.
        conn.transport_options = {**(conn.transport_options or {}), "confirm_publish": False}
        late_acks.keep_for_plain_tasks(conn)
        while True:
            try:
                connected = super().ensure_connected(conn)
            except broker.REFUSED as error:
                log.error("%s refuses us: %s. Fix CELERY_BROKER_URL; retrying.", conn.as_uri(), error)
                _pause(_AFTER_REFUSAL_S)
            else:
                broker.bound(connected)
                return connected

    def on_send_event_buffered(self) -> None:  # type: ignore[override]  # the stubs are wrong
        """Tell Flower together what happens within a moment.

        Celery tells it at once, three times a job: that took most of a worker's main process.
        """
        if self.hub and monotonic() >= self._tells_at:  # type: ignore[attr-defined]  # missing from the stubs
            self._tells_at = monotonic() + _TELL_AFTER_S
            self.hub.call_later(_TELL_AFTER_S, self._flush_events)  # type: ignore[attr-defined]  # likewise

    def update_strategies(self) -> None:
        """Receive messages of plain tasks so that nothing shows their secrets."""
        for task in self.app.tasks.values():
            if task.Request == Task.Request:
                task.Request = "apps.jobs.worker.request:MaskedRequest"
        super().update_strategies()

    def info(self) -> dict[str, Any]:
        """Return what `inspect stats` and Flower show of the broker, without its passwords."""
        return cast("dict[str, Any]", redact.masked(super().info()))  # type: ignore[misc]  # missing from the stubs

    def stop(self) -> None:
        """Stop; there are a dozen farewells to RabbitMQ, and each would wait for a broker that is silent."""
        for connection in (self.connection, getattr(self.event_dispatcher, "connection", None)):  # type: ignore[attr-defined]  # missing from the stubs
            if connection is not None:
                broker.bound(connection, _FAREWELL_S)
        self._flush_events()  # type: ignore[attr-defined]  # likewise
        super().stop()

    def on_unknown_message(self, body: object, message: Message) -> None:
        """Refuse it as Celery does, and keep it as a dead letter."""
        super().on_unknown_message(body, message)
        unreadable.write_down(message, "It is no message of Celery's.")

    def on_invalid_task(self, body: object, message: Message, exc: Exception) -> None:
        """Refuse it as Celery does, and keep it as a dead letter."""
        super().on_invalid_task(body, message, exc)
        unreadable.write_down(message, "It is no call of a task.", exc)

    def on_decode_error(self, message: Message, exc: Exception) -> None:
        """Drop it as Celery does, and keep it as a dead letter."""
        super().on_decode_error(message, exc)
        unreadable.write_down(message, "Nobody can read its body.", exc)

    def on_unknown_task(self, body: object, message: Message, exc: Exception) -> None:
        """Give the jobs of an unknown kind back; what is not ours, Celery refuses in its own way."""
        headers = message.headers or {}
        if not unknown_kind.is_ours(headers):
            super().on_unknown_task(body, message, exc)
            unreadable.write_down(message, f"No job type or task is called {_bounded(exc)} here.")
            return
        unknown_kind.set_aside(headers)
        message.ack_log_error(log, self.connection_errors)  # type: ignore[attr-defined]  # missing from the stubs
        if self.event_dispatcher:  # type: ignore[attr-defined]  # likewise
            self.event_dispatcher.send("task-rejected", uuid=headers.get("id"))  # type: ignore[attr-defined]


def _bounded(name: object) -> str:
    """Return the name that a KeyError tells, which somebody else chose."""
    return f"{name!s:.200}"


def _pause(seconds: float) -> None:
    """Wait, unless the worker is told to stop."""
    until = monotonic() + seconds
    while monotonic() < until:
        maybe_shutdown()
        sleep(0.1)
