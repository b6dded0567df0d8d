"""The way out to a real RabbitMQ: what arrives, what is told when it is away, what a restart looks like."""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from uuid import uuid4

import amqp
import pytest
from celery import current_app
from kombu.utils.url import parse_url

from apps.jobs.messages import broker, broker_options, publisher
from apps.jobs.messages.broker import BrokerAway
from apps.jobs.messages.publisher import Publisher
from apps.jobs.transitions import Message
from apps.lib.ids import new_id
from apps.local.servers.rabbitmq import RabbitServer
from tests.local.waiting import wait_until
from tests.rabbitmq import needs_rabbitmq

pytestmark = [needs_rabbitmq, pytest.mark.xdist_group("rabbitmq")]

LONGEST_S = 4.0  # for what is bounded to two seconds, on a busy machine


def a_message(*, queue: str = "default", jobs: int = 1) -> Message:
    """Make a message that no ledger knows."""
    return Message(uuid4(), "kinds.add", queue, [new_id() for _ in range(jobs)])


class Rabbit:
    """A node, seen from a worker's side."""

    def __init__(self, server: RabbitServer) -> None:
        self.server = server

    @contextmanager
    def channel(self) -> Iterator[amqp.Channel]:
        """Open a channel of one's own."""
        url = parse_url(self.server.url())
        where = f"{url['hostname']}:{url['port']}"
        with amqp.Connection(where, userid=url["userid"], password=url["password"]) as connection:
            yield connection.channel()

    def take(self, queue: str = "default") -> list[amqp.Message]:
        """Take all messages of a queue, the oldest first."""
        with self.channel() as channel:
            channel.queue_declare(queue, durable=True, auto_delete=False)
            return list(iter(lambda: channel.basic_get(queue, no_ack=True), None))

    def job_ids(self, queue: str = "default") -> list[str]:
        """Take all messages of a queue and return the jobs that they name."""
        return [str(job_id) for message in self.take(queue) for job_id in (message.headers or {})["jobs"]]

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Have it accept and never answer."""
        pid = self.server.pid
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        try:
            wait_until(lambda: _is_stopped(pid))
            yield
        finally:
            os.kill(pid, signal.SIGCONT)


def _is_stopped(pid: int) -> bool:
    """Say whether no thread of a process runs any more, which is a moment after the signal."""
    stats = [stat.read_text() for stat in Path(f"/proc/{pid}/task").glob("*/stat")]
    return all(stat.rpartition(")")[2].split()[0] == "T" for stat in stats)


@pytest.fixture(scope="module")
def node(server_directory: Path) -> Iterator[RabbitServer]:
    """Return the node of these tests."""
    server = RabbitServer(server_directory / "rabbit")
    with server:
        yield server
    server.remove()


@pytest.fixture
def rabbit(node: RabbitServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rabbit]:
    """A node without messages, known to Celery as its broker."""
    node.start()
    monkeypatch.setattr(current_app.conf, "broker_url", node.url())
    before = current_app.conf.broker_transport_options
    current_app.conf.broker_transport_options = broker_options.transport_options(node.url())
    monkeypatch.setattr(publisher, "_publisher", None)
    rabbit = Rabbit(node)
    with rabbit.channel() as channel:
        for queue in ("default", "imports"):
            channel.queue_delete(queue)
    with broker.connected() as producer:
        broker.lost_its_data(producer)
    yield rabbit
    current_app.conf.broker_transport_options = before
    assert node.pid is not None, "a test left no node"


def test_messages_arrive_in_the_order_they_were_sent(rabbit: Rabbit) -> None:
    messages = [a_message() for _ in range(700)]
    with broker.connected() as producer:
        broker.send(producer, [(message, "") for message in messages])
    assert rabbit.job_ids() == [str(message.ids[0]) for message in messages]


def test_each_message_goes_to_its_own_queue_which_is_made_when_it_is_missing(rabbit: Rabbit) -> None:
    first, second = a_message(), a_message(queue="imports")
    with broker.connected() as producer:
        broker.send(producer, [(first, ""), (second, "")])
    assert rabbit.job_ids("default") == [str(first.ids[0])]
    assert rabbit.job_ids("imports") == [str(second.ids[0])]


def test_a_message_is_celery_s_and_is_not_written_to_disk(rabbit: Rabbit) -> None:
    message = a_message(jobs=2)
    with broker.connected() as producer:
        broker.send(producer, [(message, "a=1")])
    [taken] = rabbit.take()
    assert json.loads(taken.body)[:2] == [[], {}]
    assert taken.headers is not None
    assert taken.headers["task"] == "kinds.add"
    assert taken.headers["argsrepr"] == "a=1"
    assert taken.headers["jobs"] == [str(job_id) for job_id in message.ids]
    assert taken.properties["delivery_mode"] == 1
    assert taken.properties["content_type"] == "application/json"


def test_a_task_without_a_row_is_kept_on_disk(rabbit: Rabbit) -> None:
    with broker.connected(confirm=True) as producer:
        current_app.send_task(
            "of.another.package", producer=producer, retry=False, queue="default", ignore_result=True
        )
    [taken] = rabbit.take()
    assert taken.properties["delivery_mode"] == 2


def test_a_queue_that_was_deleted_under_a_connection_is_told_and_made_anew(rabbit: Rabbit) -> None:
    message = a_message()
    with broker.connected() as producer:
        broker.send(producer, [(a_message(), "")])
        with rabbit.channel() as channel:
            channel.queue_delete("default")
        with pytest.raises(BrokerAway, match="no queue 'default'"):
            broker.send(producer, [(a_message(), "")])
    with broker.connected() as producer:
        broker.send(producer, [(message, "")])
    assert rabbit.job_ids() == [str(message.ids[0])]


class TestMemory:
    def test_a_node_that_runs_on_remembers(self, rabbit: Rabbit) -> None:
        with broker.connected() as producer:
            assert [broker.lost_its_data(producer) for _ in range(3)] == [False, False, False]

    def test_a_restart_is_noticed_once(self, rabbit: Rabbit) -> None:
        rabbit.server.kill()
        rabbit.server.start()
        with broker.connected() as producer:
            assert [broker.lost_its_data(producer) for _ in range(3)] == [True, False, False]

    def test_a_node_made_anew_is_noticed_once(self, rabbit: Rabbit) -> None:
        with rabbit.channel() as channel:
            channel.queue_delete("backline:broker-remembers")
        with broker.connected() as producer:
            assert [broker.lost_its_data(producer) for _ in range(3)] == [True, False, False]

    def test_two_that_notice_at_once_leave_one_sign(self, rabbit: Rabbit) -> None:
        with rabbit.channel() as channel:
            channel.queue_purge("backline:broker-remembers")
            for _ in range(2):
                channel.basic_publish_confirm(amqp.Message(b""), routing_key="backline:broker-remembers")
            declared = channel.queue_declare("backline:broker-remembers", passive=True)
        assert declared is not None
        assert declared[1] == 1


class TestAway:
    def test_a_node_that_is_down_says_so_at_once(self, rabbit: Rabbit) -> None:
        rabbit.server.stop()
        started = monotonic()
        with broker.connected() as producer, pytest.raises(BrokerAway):
            broker.send(producer, [(a_message(), "")])
        assert monotonic() - started < LONGEST_S
        rabbit.server.start()

    def test_one_that_accepts_and_never_answers_says_so_within_seconds(self, rabbit: Rabbit) -> None:
        with rabbit.frozen():
            started = monotonic()
            with broker.connected() as producer, pytest.raises(BrokerAway):
                broker.send(producer, [(a_message(), "")])
            assert monotonic() - started < LONGEST_S

    @pytest.mark.parametrize("count", [1, 20_000])
    def test_one_that_freezes_under_a_connection_says_so_within_seconds_and_is_not_waited_for_at_the_end(
        self, rabbit: Rabbit, count: int
    ) -> None:
        letters = [(a_message(), "x" * 200) for _ in range(count)]
        with broker.connected() as producer:
            broker.send(producer, [(a_message(), "")])
            with rabbit.frozen():
                started = monotonic()
                with pytest.raises(BrokerAway):
                    broker.send(producer, letters)
                ended = monotonic()
        assert ended - started < LONGEST_S + count / 5000
        assert monotonic() - ended < LONGEST_S

    def test_a_look_at_one_that_freezes_says_so_too(self, rabbit: Rabbit) -> None:
        with broker.connected() as producer:
            assert not broker.lost_its_data(producer)
            with rabbit.frozen(), pytest.raises(BrokerAway):
                broker.lost_its_data(producer)

    def test_a_wrong_password_says_so(self, rabbit: Rabbit, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(
            current_app.conf, "broker_url", f"amqp://who:ever@127.0.0.1:{rabbit.server.port}//"
        )
        with broker.connected() as producer, pytest.raises(BrokerAway, match=r"(?i)login was refused"):
            broker.send(producer, [(a_message(), "")])

    def test_one_whose_memory_is_full_says_so_and_takes_everything_later(self, rabbit: Rabbit) -> None:
        rabbit.server.stop()
        rabbit.server.settings["vm_memory_high_watermark.absolute"] = "1MB"
        rabbit.server.start()
        with broker.connected() as producer, pytest.raises(BrokerAway):
            broker.send(producer, [(a_message(), "")])
        rabbit.server.stop()
        del rabbit.server.settings["vm_memory_high_watermark.absolute"]
        rabbit.server.start()
        message = a_message()
        with broker.connected() as producer:
            broker.send(producer, [(message, "")])
        assert str(message.ids[0]) in rabbit.job_ids()


class TestPublisher:
    def test_it_sends_over_a_new_connection_what_an_old_one_did_not_take(
        self, rabbit: Rabbit, caplog: pytest.LogCaptureFixture
    ) -> None:
        mine = Publisher()
        mine.put(a_message(), "")
        wait_until(lambda: not mine._waiting.unfinished_tasks)
        rabbit.server.kill()
        rabbit.server.start()
        message = a_message()
        mine.put(message, "")
        wait_until(lambda: not mine._waiting.unfinished_tasks)
        assert rabbit.job_ids() == [str(message.ids[0])]
        assert "away" not in caplog.text

    def test_a_frozen_node_holds_nobody_up(self, rabbit: Rabbit, caplog: pytest.LogCaptureFixture) -> None:
        mine = Publisher()
        mine.put(a_message(), "")
        wait_until(lambda: not mine._waiting.unfinished_tasks)
        with rabbit.frozen():
            started = monotonic()
            for _ in range(100):
                mine.put(a_message(), "")
            assert monotonic() - started < 1  # a send to a frozen node takes seconds
            wait_until(lambda: "the broker is away" in caplog.text)
            assert monotonic() - started < 2 * LONGEST_S
