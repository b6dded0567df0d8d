"""A commit never waits for the broker; what cannot be sent stays in the ledger for the keeper."""

import os
import socket
import threading
from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from celery import current_app
from django.db import transaction

from apps.jobs.messages import broker, publisher
from apps.jobs.messages.publisher import Publisher
from apps.jobs.models import Bundle
from apps.jobs.states import State
from apps.jobs.transitions import Message
from apps.lib.ids import new_id
from tests.jobs import steps
from tests.jobs.conftest import Inbox
from tests.kinds.add import add
from tests.local.waiting import wait_until


def a_message() -> Message:
    """Make a message that no ledger knows."""
    return Message(uuid4(), steps.KIND, steps.QUEUE, [new_id()])


class SilentBroker:
    """A server that accepts and reads, and never answers."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.callers: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()

    @property
    def url(self) -> str:
        """Return its address, as of a Redis."""
        return f"redis://127.0.0.1:{self._listener.getsockname()[1]}/0"

    def hang_up(self) -> None:
        """Close it and every connection to it."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()
        for caller in self.callers:
            caller.close()

    def _accept(self) -> None:
        while True:
            try:
                caller, _ = self._listener.accept()
            except OSError:
                return
            self.callers.append(caller)


def a_publisher() -> Publisher:
    """Make the process's publisher, which the fixture of its broker waits for at the end."""
    publisher._publisher = Publisher()
    return publisher._publisher


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start without a publisher from another test."""
    monkeypatch.setattr(publisher, "_publisher", None)


@pytest.fixture
def silent(fresh: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[SilentBroker]:
    """A broker that never answers, known to Celery."""
    server = SilentBroker()
    monkeypatch.setattr(current_app.conf, "broker_url", server.url)
    yield server
    server.hang_up()
    _wait_for_everything()


@pytest.fixture
def refusing(fresh: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A broker where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    monkeypatch.setattr(current_app.conf, "broker_url", f"redis://127.0.0.1:{port}/0")
    yield
    _wait_for_everything()


class TestCommit:
    def test_does_not_wait_for_a_broker_that_never_answers(
        self, committed: None, silent: SilentBroker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        inside, returned = threading.Event(), threading.Event()
        real_send = broker.send

        def send(*args: object) -> None:
            inside.set()
            returned.wait(20)  # the publisher is held inside until the caller has come back
            real_send(*args)  # type: ignore[arg-type]

        monkeypatch.setattr(broker, "send", send)
        with transaction.atomic():
            job_id = add.delay(1).id
        assert inside.wait(20)
        assert not returned.is_set()
        returned.set()
        wait_until(lambda: silent.callers)
        assert str(Bundle.objects.get().ids[0]) == job_id
        steps.assert_nothing_is_lost()

    def test_does_not_wait_while_a_connection_is_being_opened(
        self, committed: None, silent: SilentBroker, caplog: pytest.LogCaptureFixture
    ) -> None:
        for number in range(20):
            add.delay(number)
        assert "the broker is away" not in caplog.text  # the first two seconds are not over: nobody waited
        wait_until(lambda: "the broker is away" in caplog.text)
        steps.assert_nothing_is_lost()

    def test_does_not_notice_a_broker_that_refuses(
        self, committed: None, refusing: None, caplog: pytest.LogCaptureFixture
    ) -> None:
        job_id = new_id()
        add.apply_async((1,), task_id=str(job_id))
        wait_until(lambda: "the keeper sends 1 messages later" in caplog.text)
        assert steps.state_of(job_id) == State.QUEUED
        assert steps.is_in_window(job_id)
        steps.assert_nothing_is_lost()


class TestPublisher:
    def test_after_trouble_it_rests_and_drops_what_comes_meanwhile(
        self, refusing: None, caplog: pytest.LogCaptureFixture
    ) -> None:
        mine = a_publisher()
        mine.put(a_message(), "")
        wait_until(lambda: "the broker is away" in caplog.text)
        for _ in range(10):
            mine.put(a_message(), "")
        wait_until(lambda: not mine._waiting.unfinished_tasks)
        assert caplog.text.count("the broker is away") == 1

    def test_after_its_rest_it_tries_again(
        self,
        refusing: None,
        valkey: object,
        caplog: pytest.LogCaptureFixture,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(publisher, "_REST_AFTER_TROUBLE_S", 0.0)
        mine = a_publisher()
        for _ in range(2):
            mine.put(a_message(), "")
            wait_until(lambda: not mine._waiting.unfinished_tasks)
        assert caplog.text.count("the broker is away") == 2

    def test_it_keeps_no_more_than_a_thousand_messages(self, silent: SilentBroker) -> None:
        mine = a_publisher()
        for _ in range(3000):
            mine.put(a_message(), "")
        assert mine._waiting.unfinished_tasks <= 1000 + 1 + 100  # in the queue, in hand, in the batch

    def test_it_finds_the_broker_again_after_that_was_away(
        self, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(publisher, "_REST_AFTER_TROUBLE_S", 0.0)
        mine = a_publisher()
        first, second = a_message(), a_message()
        mine.put(first, "")
        wait_until(lambda: len(inbox.letters()) == 1)
        for client in inbox.client.client_list():
            if client["id"] != str(inbox.client.client_id()):
                inbox.client.client_kill_filter(_id=client["id"])
        mine.put(a_message(), "")  # on a dead connection: sent over a new one, or left to the keeper
        wait_until(lambda: not mine._waiting.unfinished_tasks)
        mine.put(second, "")
        wait_until(lambda: str(second.ids[0]) in inbox.job_ids())

    def test_many_callers_at_once_lose_nothing(self, inbox: Inbox) -> None:
        messages = [a_message() for _ in range(200)]

        def publish(part: list[Message]) -> None:
            for message in part:
                publisher.publish_soon(message, "")

        threads = [threading.Thread(target=publish, args=(messages[part::4],)) for part in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        wait_until(lambda: len(inbox.letters()) == 200)
        assert set(inbox.job_ids()) == {str(message.ids[0]) for message in messages}

    def test_one_process_has_one(self, inbox: Inbox) -> None:
        publisher.publish_soon(a_message(), "")
        first = publisher._publisher
        publisher.publish_soon(a_message(), "")
        assert publisher._publisher is first
        wait_until(lambda: len(inbox.letters()) == 2)


def test_a_message_carries_ids_and_readable_arguments_and_nothing_else(committed: None, inbox: Inbox) -> None:
    job_id = add.delay(40, b=2).id
    wait_until(inbox.letters)
    [letter] = inbox.letters()
    assert letter.kind == "kinds.add"
    assert letter.headers["bundle"] == str(Bundle.objects.get().id)
    assert letter.headers["jobs"] == [job_id]
    assert letter.headers["id"] == letter.headers["root_id"] == job_id
    assert (letter.headers["argsrepr"], letter.headers["kwargsrepr"]) == ("a=40, b=2", "{}")
    assert letter.body[:2] == [[], {}]
    assert letter.headers["eta"] is letter.headers["expires"] is None


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_publishes_through_a_publisher_of_its_own(inbox: Inbox) -> None:
    before, after = a_message(), a_message()
    publisher.publish_soon(before, "by the parent")
    wait_until(lambda: len(inbox.letters()) == 1)

    def child() -> None:
        publisher.publish_soon(after, "by the child")
        assert publisher._publisher is not None
        publisher._publisher._say_goodbye()

    assert _in_a_child(child) == 0
    assert inbox.job_ids() == [str(before.ids[0]), str(after.ids[0])]
    publisher.publish_soon(a_message(), "by the parent again")
    wait_until(lambda: len(inbox.letters()) == 3)


def _in_a_child(work: Callable[[], None]) -> int:
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _wait_for_everything() -> None:
    """Let the publisher's thread finish with a broker that is about to be forgotten."""
    mine = publisher._publisher
    if mine is not None:
        wait_until(lambda: not mine._waiting.unfinished_tasks)
