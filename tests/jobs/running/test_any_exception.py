"""Any exception that leaves a body is a failed attempt; only a signal that ends the process is not."""

import asyncio
import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from billiard.exceptions import Terminated, WorkerLostError
from celery.apps import worker as celery_worker
from celery.exceptions import WorkerShutdown, WorkerTerminate
from django.db import connection, transaction

from apps.jobs import RetryPolicy, job, transitions
from apps.jobs.models import Attempt, DeadLetter, Job
from apps.jobs.running import slate
from apps.jobs.running.run import run
from apps.jobs.running.slate import Slate
from apps.jobs.states import State
from tests.jobs import steps
from tests.jobs.bodies import raising, run_body
from tests.jobs.steps import state_of

pytestmark = pytest.mark.usefixtures("committed")


class Cancelled(BaseException):
    """As trio and pyo3 derive theirs."""


class HostileText(BaseException):
    def __str__(self) -> str:
        raise asyncio.CancelledError

    __repr__ = __str__


class HostileArgumentsError(Exception):
    @property
    def args(self) -> Any:  # type: ignore[override]
        raise GeneratorExit


class HostileNotesError(Exception):
    @property
    def __notes__(self) -> Any:  # type: ignore[override]
        raise Cancelled


class HostileClassError(Exception):
    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        raise Cancelled


def own_cause() -> BaseException:
    first, second = Cancelled("first"), Cancelled("second")
    first.__cause__, second.__cause__ = second, first
    return first


def long_chain() -> BaseException:
    error: BaseException = Cancelled("innermost")
    for number in range(3000):
        outer = Cancelled(str(number))
        outer.__context__ = error
        error = outer
    return error


def deep_group() -> BaseException:
    error: BaseException = Cancelled("innermost")
    for _ in range(3000):
        error = BaseExceptionGroup("outer", [error])
    return error


ERRORS: dict[str, Callable[[], BaseException]] = {
    "asyncio cancelled": asyncio.CancelledError,
    "generator exit": GeneratorExit,
    "own class": lambda: Cancelled("by its scope"),
    "group": lambda: BaseExceptionGroup(
        "two", [Cancelled(), BaseExceptionGroup("inner", [KeyboardInterrupt()])]
    ),
    "exit as billiard's": lambda: SystemExit(signal.SIGTERM - 256),
    "exit with an object": lambda: SystemExit(object()),
    "interrupt": KeyboardInterrupt,
    "worker terminate": lambda: WorkerTerminate(1),
    "worker shutdown": lambda: WorkerShutdown(0),
    "terminated": lambda: Terminated(15),
    "worker lost": lambda: WorkerLostError("lost"),
    "stop iteration": lambda: StopIteration(3),
    "stop async iteration": StopAsyncIteration,
    "memory": MemoryError,
    "hostile text": HostileText,
    "hostile arguments": HostileArgumentsError,
    "hostile notes": HostileNotesError,
    "hostile class": HostileClassError,
    "its own cause": own_cause,
    "long chain": long_chain,
    "deep group": deep_group,
}


def names(error: BaseException) -> str:
    return type(error).__name__


@pytest.mark.parametrize("error", ERRORS)
def test_it_is_a_failed_attempt(error: str) -> None:
    word, claim = run_body(raising(ERRORS[error]()))
    assert_failed(word, claim.id)


@pytest.mark.parametrize("error", ERRORS)
def test_it_is_a_failed_attempt_in_a_thread(error: str) -> None:
    def in_thread() -> tuple[str, Any]:
        try:
            return run_body(raising(ERRORS[error]()))
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as thread:
        word, claim = thread.submit(in_thread).result()
    assert_failed(word, claim.id)


def test_an_await_that_was_cancelled_is_a_failed_attempt() -> None:
    async def cancelled() -> None:
        asyncio.current_task().cancel()  # type: ignore[union-attr]
        await asyncio.sleep(30)

    word, claim = run_body(lambda: asyncio.run(cancelled()))
    assert_failed(word, claim.id)
    assert Attempt.objects.get().error_type == "CancelledError"


def test_an_atomic_job_fails_too_and_its_transaction_is_undone() -> None:
    task = job("odd.atomic_cancelled", atomic=True)(raising(asyncio.CancelledError()))
    claim = steps.running(kind="odd.atomic_cancelled", args={})
    assert_failed(run(task, claim), claim.id)
    assert not connection.in_atomic_block


def test_a_callback_after_the_commit_that_raises_one_does_not_undo_the_success() -> None:
    def body() -> str:
        transaction.on_commit(raising(asyncio.CancelledError()))
        return "done"

    task = job("odd.atomic_hook", atomic=True)(body)
    claim = steps.running(kind="odd.atomic_hook", args={})
    run(task, claim)
    assert state_of(claim.id) == State.SUCCEEDED


@pytest.mark.parametrize("error", [asyncio.CancelledError(), GeneratorExit(), SystemExit(1)], ids=names)
def test_an_outcome_whose_writing_raises_it_is_written_as_a_dead_letter(
    error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transitions, "retry", raising_whatever(error))
    word, claim = run_body(raising(ValueError()))
    assert (word, state_of(claim.id)) == ("dead", State.DEAD)


def test_a_process_that_can_write_nothing_at_all_gives_its_job_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transitions, "retry", raising_whatever(Cancelled()))
    monkeypatch.setattr(transitions, "bury", raising_whatever(Cancelled()))
    worker_id = steps.a_worker()
    monkeypatch.setattr("apps.jobs.process._worker_id", worker_id)
    with pytest.raises(Cancelled):
        run_body(raising(ValueError()), made_for={"worker_id": worker_id})
    assert Job.objects.get().state == State.READY
    assert Job.objects.get().deaths == 1


class TestTheLimitHoldsAfterTheBody:
    @pytest.fixture
    def own(self, monkeypatch: pytest.MonkeyPatch) -> Slate:
        own = Slate()
        monkeypatch.setattr(slate, "_current", own)
        return own

    def test_while_its_error_is_described(self, own: Slate) -> None:
        seen: list[int] = []

        class SlowTextError(Exception):
            def __str__(self) -> str:
                seen.append(len(list(own.entries())))
                return "slow"

        run_body(raising(SlowTextError()))
        assert set(seen) == {1}
        assert list(own.entries()) == []

    def test_while_its_result_is_encoded(self, own: Slate) -> None:
        seen: list[int] = []

        class SlowItems(dict[str, int]):
            def items(self) -> Any:
                seen.append(len(list(own.entries())))
                return super().items()

        word, _ = run_body(lambda: SlowItems(a=1))
        assert word == "succeeded"
        assert seen == [1]
        assert list(own.entries()) == []

    def test_while_its_policy_is_asked(self, own: Slate, monkeypatch: pytest.MonkeyPatch) -> None:
        seen: list[int] = []
        fate = RetryPolicy.fate

        def slow(policy: RetryPolicy, error: BaseException) -> Any:
            seen.append(len(list(own.entries())))
            return fate(policy, error)

        monkeypatch.setattr(RetryPolicy, "fate", slow)
        run_body(raising(ValueError()))
        assert seen == [1]


@pytest.mark.usefixtures("in_a_child")
class TestTheEndOfTheProcess:
    def test_a_signal_leaves_the_job_to_be_handed_back(self) -> None:
        with pytest.raises(SystemExit):
            run_body(lambda: os.kill(os.getpid(), signal.SIGTERM))
        assert Job.objects.get().state == State.RUNNING
        assert not Attempt.objects.exists()

    def test_cleanup_that_replaces_the_exit_by_another_error_does_not_fail_the_job(self) -> None:
        def body() -> None:
            try:
                os.kill(os.getpid(), signal.SIGTERM)
            finally:
                raise asyncio.CancelledError

        with pytest.raises(asyncio.CancelledError):
            run_body(body)
        assert Job.objects.get().state == State.RUNNING

    def test_a_hard_shutdown_in_the_main_thread_ends_it_too(self) -> None:
        def body() -> None:
            celery_worker.on_hard_shutdown(None)  # type: ignore[attr-defined]  # missing from the stubs

        with pytest.raises(WorkerTerminate):
            run_body(body)
        assert Job.objects.get().state == State.RUNNING


def assert_failed(word: str, job_id: Any) -> None:
    assert word in ("retrying", "dead")
    assert state_of(job_id) == (State.RETRYING if word == "retrying" else State.DEAD)
    assert Attempt.objects.filter(job_id=job_id, outcome="failed").exists() or (
        DeadLetter.objects.filter(job_id=job_id).exists()
    )


def raising_whatever(error: BaseException) -> Callable[..., Any]:
    def refuse(*_: object, **__: object) -> Any:
        raise error

    return refuse
