"""A body that is a coroutine runs to its end, in the attempt's own database session, within its limit."""

import os
import signal
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from celery import current_app, shared_task
from django.db import connection

from apps.accounts.models import User
from apps.jobs import job, registry
from apps.jobs.models import Attempt, Job, LogLine
from apps.jobs.running import slate
from apps.jobs.running.interrupt import CANCEL
from apps.jobs.running.run import run
from apps.jobs.running.slate import Slate
from apps.jobs.task import JobTask
from tests.jobs import steps
from tests.kinds import asynchronous  # noqa: F401  # each is a Celery task from here on

pytestmark = pytest.mark.usefixtures("committed")
KIND = "kinds.asynchronous"


@pytest.fixture
def users(committed: None) -> Iterator[None]:
    yield
    User.objects.all().delete()


def ended(kind: str, **args: object) -> tuple[str, Any, str]:
    """Have a worker run a job; return what came of it, its result, and why it died."""
    claim = steps.running(kind=kind, args=args, max_attempts=1)
    word = run(registry.get(kind), claim)
    failed = Attempt.objects.filter(job_id=claim.id).first()
    return word, Job.objects.get(id=claim.id).result, failed.error_type if failed else ""


def test_a_coroutine_function_runs_with_its_request_and_its_models() -> None:
    word, result, _ = ended(KIND, how="return")
    [job_id] = Job.objects.values_list("id", flat=True)
    assert (word, result) == ("succeeded", [str(job_id), 1])
    assert LogLine.objects.get(job_id=job_id).message == "about to return"


@pytest.mark.parametrize(("how", "result"), [("gather", [0, 1, 2]), ("leave a task", "leave a task")])
def test_its_loop_ends_with_the_attempt(how: str, result: object) -> None:
    assert ended(KIND, how=how)[:2] == ("succeeded", result)


def test_its_error_is_the_outcome() -> None:
    assert ended(KIND, how="raise") == ("dead", None, "LookupError")


def test_a_limit_ends_it_where_it_awaits() -> None:
    assert ended(KIND, how="wait") == ("dead", None, "TimedOut")


def test_in_a_pool_of_threads_its_loop_keeps_the_limit() -> None:
    def in_a_thread() -> tuple[str, Any, str]:
        assert threading.current_thread() is not threading.main_thread()
        try:
            return ended(KIND, how="wait")
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(in_a_thread).result() == ("dead", None, "TimedOut")


def test_a_cancel_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    own = Slate()
    monkeypatch.setattr(slate, "_current", own)
    claim = steps.running(kind="kinds.asynchronous_for_ever", args={})

    has_ended = threading.Event()

    def cancel() -> None:
        """Ask again, as a worker does: a signal that comes before the body does nothing."""
        while not has_ended.wait(0.05):
            for entry in own.entries():
                own.ask_to_stop(entry)
                os.kill(os.getpid(), CANCEL)

    listened = signal.signal(CANCEL, signal.SIG_IGN)
    canceller = threading.Thread(target=cancel)
    canceller.start()
    try:
        assert run(registry.get(claim.kind), claim) == "cancelled"
    finally:
        has_ended.set()
        canceller.join()
        signal.signal(CANCEL, listened)


@pytest.mark.usefixtures("users")
@pytest.mark.parametrize("fails", [True, False])
def test_what_it_writes_and_its_outcome_are_one_commit(fails: bool) -> None:
    word, _, _ = ended("kinds.asynchronous_atomic", email="ann@example.com", fails=fails)
    assert (word, User.objects.filter(email="ann@example.com").exists()) == (
        ("dead", False) if fails else ("succeeded", True)
    )


def test_a_generator_is_refused_at_the_start() -> None:
    def numbers() -> Iterator[int]:
        yield 1

    async def later() -> AsyncIterator[int]:
        yield 1

    for function in (numbers, later):
        with pytest.raises(TypeError, match="Return a value, or enqueue a job for each item"):
            job("odd.yields")(function)
        with pytest.raises(TypeError, match="Return a value, or enqueue a job for each item"):
            _ = shared_task(name="odd.yields", base=JobTask)(function).parameters
        current_app.tasks.pop("odd.yields", None)
