"""The way out to the broker: what is sent, what is told when it is away, what a flush looks like."""

import socket
from collections.abc import Iterator
from uuid import uuid4

import pytest
from celery import current_app

from apps.jobs.messages import broker
from apps.jobs.messages.broker import BrokerAway
from apps.jobs.transitions import Message
from apps.lib.ids import new_id
from tests.jobs.conftest import Inbox


def a_message(*, kind: str = "kinds.add", queue: str = "default", jobs: int = 1) -> Message:
    """Make a message that no ledger knows."""
    return Message(uuid4(), kind, queue, [new_id() for _ in range(jobs)])


def test_messages_arrive_in_the_order_they_were_sent(inbox: Inbox) -> None:
    messages = [a_message() for _ in range(1200)]  # more than one batch
    with broker.connected() as producer:
        broker.send(producer, [(message, "") for message in messages])
    assert inbox.job_ids() == [str(message.ids[0]) for message in messages]


def test_each_message_goes_to_its_own_queue(inbox: Inbox) -> None:
    first, second = a_message(), a_message(queue="imports")
    with broker.connected() as producer:
        broker.send(producer, [(first, ""), (second, "")])
    assert inbox.job_ids("default") == [str(first.ids[0])]
    assert inbox.job_ids("imports") == [str(second.ids[0])]


def test_a_bundle_names_all_its_jobs(inbox: Inbox) -> None:
    message = a_message(jobs=3)
    with broker.connected() as producer:
        broker.send(producer, [(message, "bundle of 3")])
    [letter] = inbox.letters()
    assert letter.headers["jobs"] == [str(job_id) for job_id in message.ids]
    assert letter.headers["bundle"] == str(message.id)
    assert letter.headers["argsrepr"] == "bundle of 3"


def test_a_kind_that_this_process_does_not_know_is_sent_all_the_same(inbox: Inbox) -> None:
    message = a_message(kind="of.another.release")
    with broker.connected() as producer:
        broker.send(producer, [(message, "")])
    assert inbox.letters()[0].kind == "of.another.release"


def test_a_connection_makes_a_queue_once_and_a_batch_costs_one_command_a_message(inbox: Inbox) -> None:
    def commands() -> dict[str, int]:
        known = inbox.client.info("commandstats")
        return {name.removeprefix("cmdstat_"): stats["calls"] for name, stats in known.items()}

    with broker.connected() as producer:
        broker.send(producer, [(a_message(), "")])
        before = commands()
        broker.send(producer, [(a_message(), "") for _ in range(100)])
        after = commands()
    more = {name: calls - before.get(name, 0) for name, calls in after.items() if calls != before.get(name)}
    assert more == {"lpush": 100, "info": 1}


def test_sending_nothing_sends_nothing(inbox: Inbox) -> None:
    with broker.connected() as producer:
        broker.send(producer, [])
    assert inbox.letters() == []


def test_a_flush_is_noticed_once(inbox: Inbox) -> None:
    with broker.connected() as producer:
        assert not broker.lost_its_data(producer)
        inbox.client.flushall()
        assert broker.lost_its_data(producer)
        assert not broker.lost_its_data(producer)


def test_two_that_look_at_once_do_not_both_notice(inbox: Inbox) -> None:
    inbox.client.flushall()
    with broker.connected() as one, broker.connected() as two:
        assert [broker.lost_its_data(one), broker.lost_its_data(two)] == [True, False]


def test_it_says_how_long_the_broker_took_to_answer(inbox: Inbox) -> None:
    assert 0 < broker.answer_time() < 5


class TestAway:
    @pytest.fixture(params=["refuses", "never answers", "hangs up"])
    def away(self, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        """A broker that is away in one of its ways."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
            monkeypatch.setattr(current_app.conf, "broker_url", f"redis://127.0.0.1:{port}/0")
            monkeypatch.setitem(current_app.conf.broker_transport_options, "socket_timeout", 0.2)
            if request.param == "refuses":
                listener.close()
            elif request.param == "hangs up":
                listener.listen(0)
                listener.settimeout(0)
            yield

    def test_a_send_says_so(self, away: None) -> None:
        with broker.connected() as producer, pytest.raises(BrokerAway):
            broker.send(producer, [(a_message(), "")])

    def test_a_look_says_so(self, away: None) -> None:
        with broker.connected() as producer, pytest.raises(BrokerAway):
            broker.lost_its_data(producer)

    def test_a_question_says_so(self, away: None) -> None:
        with pytest.raises(BrokerAway):
            broker.answer_time()

    def test_opening_and_closing_a_connection_asks_nobody(self, away: None) -> None:
        with broker.connected():
            pass


def test_a_broker_that_is_full_says_so(inbox: Inbox) -> None:
    inbox.client.config_set("maxmemory", 1)
    try:
        with broker.connected() as producer, pytest.raises(BrokerAway, match=r"(?i)memory|oom"):
            broker.send(producer, [(a_message(), "")])
    finally:
        inbox.client.config_set("maxmemory", 0)
    assert inbox.letters() == []


def test_a_connection_that_broke_says_so_and_a_new_one_works(inbox: Inbox) -> None:
    message = a_message()
    with broker.connected() as producer:
        assert not broker.lost_its_data(producer)
        me = inbox.client.client_id()
        for client in inbox.client.client_list():
            if client["id"] != str(me):
                inbox.client.client_kill_filter(_id=client["id"])
        try:
            broker.send(producer, [(message, "")])
        except BrokerAway:
            with broker.connected() as another:
                broker.send(another, [(message, "")])
    assert str(message.ids[0]) in inbox.job_ids()
