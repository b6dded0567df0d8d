"""On Redis a plain task with late acknowledgement keeps its message, and a job's message costs nothing."""

from collections.abc import Iterator
from typing import Any

import pytest
from celery import current_app, shared_task
from kombu import Connection, Consumer, Message
from kombu.transport.redis import QoS as CelerysQoS

from apps.jobs.messages.broker_options import transport_options
from apps.jobs.worker.late_acks import keep_for_plain_tasks
from tests.jobs.conftest import PREFIX, Inbox

QUEUE = "late-acks"


@shared_task(name="plain.late", acks_late=True)
def late() -> None:
    """Run late."""


@shared_task(name="plain.early")
def early() -> None:
    """Run early."""


class Worker:
    """A worker's connection, and what it received."""

    def __init__(self, url: str) -> None:
        self.connection = Connection(url, transport_options=transport_options(url))
        keep_for_plain_tasks(self.connection)
        self.received: list[Message] = []
        self._consumer = Consumer(
            self.connection, [current_app.amqp.queues.new_missing(QUEUE)], on_message=self.received.append
        )
        self._consumer.consume()

    def receive(self) -> Message:
        """Wait for the next message."""
        before = len(self.received)
        while len(self.received) == before:
            self.connection.drain_events(timeout=20)
        return self.received[-1]

    @property
    def qos(self) -> Any:
        return getattr(self.connection.default_channel, "qos")  # noqa: B009  # missing from the stubs


@pytest.fixture
def worker(inbox: Inbox) -> Iterator[Worker]:
    worker = Worker(current_app.conf.broker_url)
    yield worker
    worker.connection.release()


def send(name: str, **headers: object) -> None:
    current_app.send_task(name, queue=QUEUE, headers=headers)


def kept(inbox: Inbox) -> int:
    return int(inbox.client.hlen(f"{PREFIX}unacked"))


def waiting(inbox: Inbox) -> int:
    return int(inbox.client.llen(f"{PREFIX}{QUEUE}"))


def test_it_is_kept_until_it_is_acknowledged(worker: Worker, inbox: Inbox) -> None:
    send("plain.late")
    message = worker.receive()
    assert kept(inbox) == 1
    message.ack()
    assert (kept(inbox), waiting(inbox)) == (0, 0)


def test_one_that_is_rejected_is_put_back_or_dropped(worker: Worker, inbox: Inbox) -> None:
    send("plain.late")
    worker.receive().reject(requeue=True)
    again = worker.receive()
    assert again.delivery_info.get("redelivered") or again.headers.get("redelivered")
    again.reject()
    assert (kept(inbox), waiting(inbox)) == (0, 0)


def test_that_of_a_worker_that_was_killed_comes_back_after_the_visibility_timeout(
    worker: Worker, inbox: Inbox
) -> None:
    send("plain.late")
    worker.receive()
    inbox.client.zadd(f"{PREFIX}unacked_index", dict.fromkeys(worker.qos._kept, 0.0))
    other = Worker(current_app.conf.broker_url)
    other.qos.restore_visible()
    assert (kept(inbox), waiting(inbox)) == (0, 1)
    other.connection.release()


def test_unacknowledged_ones_go_back_at_the_end(worker: Worker, inbox: Inbox) -> None:
    send("plain.late")
    send("plain.early")
    for _ in range(2):
        worker.receive()
    worker.qos.restore_unacked()
    assert (kept(inbox), waiting(inbox)) == (0, 2)


@pytest.mark.parametrize(
    ("name", "headers"),
    [("plain.early", {}), ("kinds.add_elsewhere", {"jobs": ["id"]}), ("plain.unknown", {})],
)
def test_any_other_message_costs_no_write(
    worker: Worker, inbox: Inbox, monkeypatch: pytest.MonkeyPatch, name: str, headers: dict[str, object]
) -> None:
    monkeypatch.setattr(CelerysQoS, "append", None)
    send(name, **headers)
    message = worker.receive()
    assert kept(inbox) == 0
    message.ack()
    assert waiting(inbox) == 0
