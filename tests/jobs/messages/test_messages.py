"""Plain Celery messages for our kinds, and messages that nobody can read: the worker goes on after each."""

from collections import deque
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from celery.app.task import Context as Request
from celery.exceptions import Ignore, WorkerLostError
from celery.result import AsyncResult
from django.db import OperationalError

from apps.jobs import transitions
from apps.jobs.messages import dead_messages, unreadable
from apps.jobs.models import DeadLetter, Job
from apps.jobs.operating import readable
from apps.jobs.states import State
from apps.jobs.task import JobTask
from apps.lib.ids import new_id
from tests.jobs.canvas_steps import work
from tests.jobs.steps import row_of
from tests.kinds.canvas import plus


def receive(*args: object, task_id: object = "from-elsewhere", **said: Any) -> None:
    """Let a worker's child be handed a plain message, as Celery's tracer does."""
    request = Request(id=task_id, args=list(args), called_directly=False, delivery_info={}, **said)
    plus.request_stack.push(request)
    try:
        with pytest.raises(Ignore, match="adopted"):
            _by_message(plus)(*args, **(said.get("kwargs") or {}))
    finally:
        plus.request_stack.pop()


@pytest.mark.usefixtures("in_line")
class TestPlainMessages:
    def test_it_becomes_a_job(self) -> None:
        receive(1, kwargs={"b": 4})
        work()
        job = Job.objects.get()
        assert (job.kind, job.args, job.result, job.trigger) == (
            "canvas.plus",
            {"a": 1, "b": 4},
            5,
            "message",
        )

    def test_its_callbacks_and_limits_come_with_it(self) -> None:
        receive(1, callbacks=[dict(plus.s(10))], timelimit=[30, 20])
        assert row_of(Job.objects.get().id)["options"]["limits"] == {
            "time_limit": 30.0,
            "soft_time_limit": 20.0,
        }
        work()
        assert set(Job.objects.values_list("result", flat=True)) == {2, 12}

    def test_a_message_that_comes_twice_with_an_id_of_ours_is_one_job(self) -> None:
        chosen = new_id()
        receive(1, task_id=str(chosen))
        receive(1, task_id=str(chosen))
        assert Job.objects.get().id == chosen

    def test_the_id_that_its_sender_waits_for_is_answered(self) -> None:
        sent = str(uuid4())
        receive(1, task_id=sent)
        assert AsyncResult(sent).state == "PENDING"
        work()
        assert AsyncResult(sent).get(0.5) == 2

    def test_the_id_of_one_that_does_not_fit_is_answered_with_its_failure(self) -> None:
        sent = str(uuid4())
        receive(1, 2, 3, task_id=sent)
        work()
        assert AsyncResult(sent).state == "FAILURE"

    @pytest.mark.parametrize(
        ("args", "kwargs"), [((1, 2, 3), {}), (("x",), {}), ((), {"nope": 1}), ((1,), {"a": 2})]
    )
    def test_arguments_that_do_not_fit_end_as_a_dead_letter(
        self, args: tuple[object, ...], kwargs: dict[str, object]
    ) -> None:
        receive(*args, kwargs=kwargs)
        assert work() == {"dead": 1}
        letter = DeadLetter.objects.get()
        assert "cannot read its arguments" in letter.message
        assert letter.evidence["args"] == {"args": list(args), "kwargs": kwargs}

    @pytest.mark.parametrize("args", [("x" * 70_000,), ("nul \x00",)], ids=["too big", "nul"])
    def test_arguments_that_no_ledger_can_hold_are_shown_in_the_dead_letter_as_far_as_it_can_hold(
        self, args: tuple[object, ...], caplog: pytest.LogCaptureFixture
    ) -> None:
        receive(*args)
        letter = DeadLetter.objects.get()
        assert (letter.kind, Job.objects.get().state) == ("canvas.plus", State.DEAD)
        assert letter.evidence["args"]["args"].startswith(repr(list(args))[:8])
        assert len(letter.evidence["args"]["args"]) <= 10_000
        assert "was dropped" in caplog.text

    def test_a_message_that_arrives_while_the_database_is_away_waits_for_it(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real = JobTask.enqueue
        lost: list[int] = []

        def away_once(*args: Any, **options: Any) -> UUID:
            if not lost:
                lost.append(1)
                raise OperationalError("the connection is lost")
            return real(*args, **options)

        monkeypatch.setattr(JobTask, "enqueue", away_once)
        receive(1)
        assert row_of(Job.objects.get().id)["state"] == State.READY


@pytest.mark.usefixtures("committed")
class TestWhatNobodyCanRead:
    @pytest.fixture(autouse=True)
    def kept_nothing_yet(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(dead_messages, "_kept_at", deque(maxlen=dead_messages._MOST))

    def test_a_message_with_senseless_headers_is_acknowledged_and_told(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        acknowledged: list[object] = []
        message = SimpleNamespace(
            acknowledged=False,
            headers={"task": 7},
            body=b"x" * 20_000 + b"end",
            delivery_info={"routing_key": "imports"},
            ack_log_error=lambda *said: acknowledged.append(said),
        )
        unreadable.receiving(_raising(TypeError("7")), (OSError,))(message)  # type: ignore[arg-type]
        assert len(acknowledged) == 1
        assert "Nobody can read its headers. ({'headers': \"{'task': 7}\"" in caplog.text
        letter, job = DeadLetter.objects.get(), Job.objects.get()
        assert (letter.kind, job.state, job.queue) == ("message.unreadable", State.DEAD, "imports")
        assert letter.evidence["args"]["headers"] == "{'task': 7}"
        assert len(letter.evidence["args"]["body"]) == 10_000
        assert letter.evidence["error_type"] == "TypeError"

    def test_who_sends_a_million_of_them_gets_twenty_letters_a_minute(self) -> None:
        for number in range(50):
            dead_messages.keep(f"The {number}th.", body=b"\x00\xff")
        assert DeadLetter.objects.count() == 20

    def test_one_that_cannot_even_be_shown_is_told_all_the_same(self) -> None:
        dead_messages.keep("It is odd.", body=_Hostile(), headers={"half": "\ud800", "nul": "\x00"})
        parts = DeadLetter.objects.get().evidence["args"]
        assert parts["body"] == "cannot be shown: RecursionError"
        assert "\x00" not in parts["headers"]

    def test_a_database_that_is_away_costs_the_letter_not_the_worker(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setattr(transitions, "write_off", _raising(OperationalError("gone")))
        dead_messages.keep("It is odd.", body="x")
        assert "the log alone tells" in caplog.text

    def test_it_stops_no_deploy(self) -> None:
        dead_messages.keep("It is odd.", body="x")
        assert list(readable.unreadable()) == []

    def test_an_envelope_that_nobody_can_read_costs_a_connection_not_the_worker(self) -> None:
        with pytest.raises(ConnectionError, match="not JSON"):
            unreadable.looping(_raising(ValueError("not JSON")), (OSError,))()

    @pytest.mark.parametrize("error", [OSError("gone"), WorkerLostError("x"), SystemExit(1)], ids=repr)
    def test_what_is_no_message_s_fault_passes_through(self, error: BaseException) -> None:
        with pytest.raises(type(error)) as raised:
            unreadable.looping(_raising(error), (OSError,))()
        assert raised.value is error


class _Hostile:
    def __repr__(self) -> str:
        raise RecursionError


def _by_message(task: Callable[..., object]) -> Callable[..., object]:
    """Return a task as Celery's tracer sees it: whatever the message holds, it is called with."""
    return task


def _raising(error: BaseException) -> Callable[..., None]:
    def raise_it(*_: object) -> None:
        raise error

    return raise_it
