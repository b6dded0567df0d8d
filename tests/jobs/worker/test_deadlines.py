"""What is over its time is ended without a question to the database."""

import signal
from time import monotonic
from types import SimpleNamespace
from uuid import UUID

import pytest
from celery.worker import state
from django.db import connection

from apps.jobs.running import slate
from apps.jobs.running.slate import Slate
from apps.jobs.worker import shutdown
from apps.jobs.worker.deadlines import Deadlines
from apps.jobs.worker.enforce import Enforcer
from apps.jobs.worker.worker import LedgerWorker

BUSY, IDLE = 4711, 4712


class Killer:
    """The deadlines of a worker with two children, and what they send."""

    def __init__(self) -> None:
        self.sent: list[tuple[int, signal.Signals]] = []
        self.slate = Slate()
        self.enforcer = Enforcer(self.slate, self.send)
        self.deadlines = Deadlines(self.slate, self.enforcer, processes=lambda: {BUSY, IDLE}, send=self.send)

    def send(self, pid: int, number: signal.Signals) -> bool:
        self.sent.append((pid, number))
        return True

    def looks(self, times: int = 2) -> list[tuple[int, signal.Signals]]:
        self.sent.clear()
        with connection.execute_wrapper(refuse):
            for _ in range(times):
                self.deadlines.look()
        return sorted(self.sent)


def refuse(*_: object) -> None:
    raise AssertionError("a deadline does not depend on the database")


@pytest.fixture
def killer() -> Killer:
    return Killer()


def test_before_a_shutdown_nothing_is_ended(killer: Killer) -> None:
    assert killer.looks() == []


def test_before_its_deadline_nothing_is_ended(killer: Killer) -> None:
    killer.slate.set_deadline(monotonic() + 60)
    assert killer.looks() == []


def test_at_its_deadline_each_process_is_asked_once_to_end(killer: Killer) -> None:
    killer.slate.set_deadline(monotonic())
    assert killer.looks(3) == [(BUSY, signal.SIGTERM), (IDLE, signal.SIGTERM)]


def test_what_does_not_end_is_killed(killer: Killer) -> None:
    killer.slate.set_deadline(monotonic() - 2)
    assert killer.looks(1) == [(BUSY, signal.SIGKILL), (IDLE, signal.SIGKILL)]


def test_a_job_past_its_limit_is_killed_though_the_worker_does_not_shut_down(
    killer: Killer, monkeypatch: pytest.MonkeyPatch
) -> None:
    killer.slate._pid = BUSY
    killer.slate._mine = 0
    killer.slate.show(UUID(int=1), UUID(int=2), 0.0, monotonic() - 60)
    assert killer.looks() == [(BUSY, signal.SIGKILL)]


class TestHowAShutdownBegins:
    @pytest.fixture
    def worker(self, monkeypatch: pytest.MonkeyPatch) -> LedgerWorker:
        monkeypatch.setattr(slate, "_current", Slate())
        monkeypatch.setattr(state, "should_stop", None)
        worker = object.__new__(LedgerWorker)
        worker.app = SimpleNamespace(conf=SimpleNamespace(worker_soft_shutdown_timeout=60))
        worker.hostname = "one@here"
        return worker

    @pytest.mark.parametrize(("name", "code"), [("SIGTERM", 0), ("SIGINT", 1), ("SIGQUIT", 1)])
    def test_the_first_signal_sets_a_deadline(self, worker: LedgerWorker, name: str, code: int) -> None:
        shutdown._on_signal(worker, name, 0, None)
        assert worker.is_draining
        assert 0 < deadline() - monotonic() <= 60
        assert state.should_stop == code

    def test_a_second_sigterm_changes_nothing(self, worker: LedgerWorker) -> None:
        shutdown._on_signal(worker, "SIGTERM", 0, None)
        before = deadline()
        shutdown._on_signal(worker, "SIGTERM", 0, None)
        assert deadline() == before

    @pytest.mark.parametrize("name", ["SIGINT", "SIGQUIT"])
    def test_a_second_interrupt_ends_running_tasks_now(self, worker: LedgerWorker, name: str) -> None:
        for _ in range(2):
            shutdown._on_signal(worker, name, 0, None)
        assert deadline() <= monotonic()


def deadline() -> float:
    shared = slate.current()
    assert shared is not None
    return shared.deadline()
