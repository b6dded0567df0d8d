"""A job that fails is reported as Celery reports a task: by the log, by signals, and to Flower."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import pytest
from celery import current_app, signals
from celery.app.task import Context as Request
from celery.utils.dispatch import Signal
from celery.utils.saferepr import saferepr

from apps.jobs import job, process
from apps.jobs.kinds.retry import RetryPolicy
from apps.jobs.models import Job
from apps.jobs.running import failures
from apps.jobs.running.run import run_message
from apps.jobs.states import State
from apps.jobs.task import JobTask
from tests.jobs import steps

pytestmark = pytest.mark.usefixtures("committed", "as_a_worker")


@pytest.fixture
def as_a_worker(committed: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_worker_id", steps.a_worker())


@contextmanager
def heard(signal: Signal) -> Iterator[list[dict[str, Any]]]:
    """Yield what a signal is sent with."""
    calls: list[dict[str, Any]] = []

    def receiver(**sent: Any) -> None:
        calls.append(sent)

    signal.connect(receiver, weak=False)
    try:
        yield calls
    finally:
        signal.disconnect(receiver)


def ran(kind: str, *ids: UUID) -> failures.Ended:
    """Have a message of these jobs run."""
    bundle = steps.bundle_of(ids[0])
    message = SimpleNamespace(bundle=str(bundle), jobs=[str(one) for one in ids], id=str(ids[0]))
    return run_message(cast("JobTask[..., object]", current_app.tasks[kind]), Request(vars(message)))


def test_the_signal_of_a_failure_names_the_job_and_its_error() -> None:
    job_id = steps.enqueued(kind="kinds.fail", args={"how": "discard"})
    with heard(signals.task_failure) as sent:
        ran("kinds.fail", job_id)
    [call] = sent
    assert (call["task_id"], call["kwargs"]) == (str(job_id), {"how": "discard"})
    assert call["sender"].name == "kinds.fail"
    assert "There is no row 7" in str(call["exception"])
    assert call["traceback"].tb_frame is not None
    assert "Discard" in str(call["einfo"])


def test_the_signal_of_a_retry_names_the_job_and_its_error() -> None:
    job_id = steps.enqueued(kind="kinds.fail", args={"how": "value error"})
    with heard(signals.task_retry) as retried, heard(signals.task_failure) as failed:
        ran("kinds.fail", job_id)
    [call] = retried
    assert (call["request"].id, str(call["reason"]), failed) == (str(job_id), "value error", [])


def test_a_job_that_ends_well_sends_neither() -> None:
    job_id = steps.enqueued()
    with heard(signals.task_retry) as retried, heard(signals.task_failure) as failed:
        ended = ran("kinds.add", job_id)
    assert (retried, failed, ended.failures) == ([], [], [])
    assert repr(ended) == "{'succeeded': 1}"


def test_a_receiver_that_fails_does_not_change_the_outcome() -> None:
    def broken(**_: Any) -> None:
        raise RuntimeError("the tracker is away")

    job_id = steps.enqueued(kind="kinds.fail", args={"how": "discard"})
    signals.task_failure.connect(broken, weak=False)
    try:
        ended = ran("kinds.fail", job_id)
    finally:
        signals.task_failure.disconnect(broken)
    assert ended.words == {"dead": 1}
    assert Job.objects.get(id=job_id).state == State.DEAD


def test_an_error_that_a_task_expects_is_no_error_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    once = RetryPolicy(max_attempts=1)

    @job("odd.raises", retry=once)
    def raises() -> None:
        raise LookupError("not in stock")

    unexpected = steps.enqueued(kind="odd.raises", args={}, max_attempts=1)
    expected = steps.enqueued(kind="odd.raises", args={}, max_attempts=1)
    with caplog.at_level(logging.INFO, "backline.jobs"):
        ran("odd.raises", unexpected)
        raises.throws = (LookupError,)
        ran("odd.raises", expected)
    told = {str(record.job_id): record for record in caplog.records if hasattr(record, "job_id")}
    assert (told[str(unexpected)].levelno, told[str(expected)].levelno) == (logging.ERROR, logging.INFO)
    assert told[str(unexpected)].exc_info is not None


def test_the_text_of_a_message_carries_its_failures_to_the_main_process() -> None:
    job_id = steps.enqueued(kind="kinds.fail", args={"how": "discard"})
    ended = ran("kinds.fail", job_id)
    text, [failure] = failures.read(saferepr(ended, JobTask.resultrepr_maxsize))
    assert text == "{'dead': 1}"
    assert (failure.job_id, failure.event, failure.args) == (str(job_id), "task-failed", "how='discard'")
    assert "There is no row 7" in failure.exception
    assert "Traceback" in failure.traceback


def test_the_text_stays_small_however_many_fail() -> None:
    claim = steps.running(kind="kinds.fail", args={"how": "x" * 3000})
    found = [failures.of(claim, "dead", ValueError("y" * 9000), before=number) for number in range(500)]
    text = repr(failures.Ended({"dead": 500}, [failure for failure in found if failure]))
    assert len(failures.read(text)[1]) == 500
    assert len(text) < 700_000
    assert json.loads(text.split("\n")[-1])["traceback"] == ""
