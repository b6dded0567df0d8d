"""Publish after the commit without ever waiting for the broker.

One thread a process sends what requests hand it. What it cannot send is dropped:
the row is in the ledger, and the keeper sends it within seconds.
"""

import atexit
import logging
import os
import queue
import threading
from contextlib import suppress
from time import monotonic

from apps.jobs import crash_points
from apps.jobs.messages import broker
from apps.jobs.transitions import Message

log = logging.getLogger("backline.publisher")

_MOST_WAITING = 1000
_AT_ONCE = 100
_REST_AFTER_TROUBLE_S = 2.0
_GOODBYE_S = 2.0  # how long a short command waits for its last message at exit


class Publisher:
    """A queue and a thread in front of the broker."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self._waiting: queue.Queue[tuple[Message, str]] = queue.Queue(_MOST_WAITING)
        self._rest_until = 0.0
        self._thread = threading.Thread(target=self._work, name="publisher", daemon=True)
        self._thread.start()
        atexit.register(self._say_goodbye)

    def put(self, message: Message, text: str) -> None:
        """Hand over a message; drop it when the broker has been away for long."""
        with suppress(queue.Full):
            self._waiting.put_nowait((message, text))

    def _work(self) -> None:
        while True:
            first = self._waiting.get()
            try:
                self._serve(first)
            except Exception:  # a dead thread would drop every later message without a word
                log.exception("a message was not sent; the keeper sends it")

    def _serve(self, first: tuple[Message, str]) -> None:
        """Send the first message and what follows it, until the broker is away."""
        if monotonic() < self._rest_until:
            self._waiting.task_done()
            return
        batch = [first]
        try:
            # A connection that worked and broke may have been idle while the broker restarted: once more.
            while self._send_while_it_works(batch):
                pass
        except broker.BrokerAway as error:
            log.warning("the broker is away (%s); the keeper sends %d messages later", error, len(batch))
            self._rest_until = monotonic() + _REST_AFTER_TROUBLE_S
            self._done(batch)

    def _send_while_it_works(self, batch: list[tuple[Message, str]]) -> bool:
        """Send over one connection until it breaks; what is owed then stays in the batch.

        Return True when it worked before; raise BrokerAway when it never did.
        """
        worked = False
        try:
            with broker.connected() as producer:
                while True:
                    self._add_more(batch)
                    crash_points.reached("publish.before")
                    broker.send(producer, batch)
                    worked = True
                    crash_points.reached("publish.after")
                    self._done(batch)
                    batch.clear()  # while the thread waits, nothing is owed
                    batch.append(self._waiting.get())
        except broker.BrokerAway:
            if not worked:
                raise
        return True

    def _add_more(self, batch: list[tuple[Message, str]]) -> None:
        with suppress(queue.Empty):
            while len(batch) < _AT_ONCE:
                batch.append(self._waiting.get_nowait())

    def _done(self, batch: list[tuple[Message, str]]) -> None:
        for _ in batch:
            self._waiting.task_done()

    def _say_goodbye(self) -> None:
        if os.getpid() != self.pid:
            return
        until = monotonic() + _GOODBYE_S
        with self._waiting.all_tasks_done:
            while self._waiting.unfinished_tasks and (left := until - monotonic()) > 0:
                self._waiting.all_tasks_done.wait(left)


_publisher: Publisher | None = None
_one_at_a_time = threading.Lock()


def publish_soon(message: Message, text: str) -> None:
    """Send a message from another thread; return at once, whatever the broker does."""
    global _publisher  # noqa: PLW0603  # one a process, remade after a fork
    crash_points.reached("enqueue.committed")
    if _publisher is None or _publisher.pid != os.getpid():
        with _one_at_a_time:
            if _publisher is None or _publisher.pid != os.getpid():
                _publisher = Publisher()
    _publisher.put(message, text)
