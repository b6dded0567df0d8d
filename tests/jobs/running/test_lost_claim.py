"""A claim whose answer was lost leaves no job in the hands of a process that does not know it."""

import threading
from typing import Any
from uuid import uuid4

import pytest
from celery.exceptions import Ignore
from django.db import OperationalError, transaction

from apps.jobs import process, transitions
from apps.jobs.running import run
from apps.jobs.running.run import _claimed as claimed_by_message  # what a message's worker does first
from apps.jobs.running.run import _give_up
from apps.jobs.states import State
from tests.jobs import steps
from tests.jobs.steps import a_worker, bundle_of, enqueued, stands_in_line, state_of
from tests.local.waiting import wait_until

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture
def worker_id(committed: None, monkeypatch: pytest.MonkeyPatch) -> int:
    """Be a worker's process."""
    signed_on = a_worker()
    monkeypatch.setattr(process, "_worker_id", signed_on)
    return signed_on


def test_one_that_is_made_late_over_the_lost_session_is_given_back(
    worker_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = enqueued()
    bundle = bundle_of(job)
    lease = uuid4()
    leases = iter([lease, uuid4()])
    monkeypatch.setattr(run, "uuid4", lambda: next(leases))

    def claim_and_hold() -> None:
        transaction.set_autocommit(False)
        transitions.claim([job], bundle=bundle, worker_id=worker_id, lease=lease)

    with steps.another_session() as lost, steps.another_session() as mine:
        lost.do(claim_and_hold)
        steps.end_session(mine.pid)
        answer = mine.start(lambda: claimed_by_message(bundle, [job]))
        wait_until(_somebody_waits)
        lost.do(transaction.commit)
        with pytest.raises(Ignore):
            answer.result(timeout=60)
    assert state_of(job) == State.READY
    assert stands_in_line(job)


def test_one_whose_answer_is_lost_a_second_time_is_given_back(
    worker_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = enqueued()
    truly: Any = transitions.claim
    asked: list[object] = []

    def claim(*args: Any, **named: Any) -> None:
        asked.append(args)
        if len(asked) > 1:
            assert truly(*args, **named), "the second one is made, and only its answer is lost"
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(transitions, "claim", claim)
    with pytest.raises(Ignore):
        claimed_by_message(bundle_of(job), [job])
    assert (len(asked), state_of(job), stands_in_line(job)) == (2, State.READY, True)


@pytest.mark.parametrize("answers_lost", [1, 2])
def test_claim_of_another_thread_is_kept_when_its_message_comes_twice(
    worker_id: int, monkeypatch: pytest.MonkeyPatch, answers_lost: int
) -> None:
    """Threads of one process share worker and process id: only the lease distinguishes their claims."""
    job = enqueued()
    bundle = bundle_of(job)
    truly: Any = transitions.claim
    lost: list[int] = []

    def claim(*args: Any, **named: Any) -> object:
        if threading.current_thread() is not threading.main_thread() and len(lost) < answers_lost:
            lost.append(1)
            raise OperationalError("server closed the connection unexpectedly")
        return truly(*args, **named)

    monkeypatch.setattr(transitions, "claim", claim)
    [mine] = claimed_by_message(bundle, [job])
    with steps.another_session() as sibling, pytest.raises(Ignore):
        sibling.do(lambda: claimed_by_message(bundle, [job]))
    assert (len(lost), state_of(job), steps.row_of(job)["lease"]) == (answers_lost, State.RUNNING, mine.lease)
    assert transitions.succeed(mine, 1)


def test_job_of_another_thread_is_kept_when_an_older_attempt_gives_up(worker_id: int) -> None:
    job = enqueued()
    [old] = claimed_by_message(bundle_of(job), [job])
    transitions.hand_back(worker_id)
    transitions.relay(steps.QUEUE, 10)
    [new] = claimed_by_message(bundle_of(job), [job])
    _give_up([old], 0)
    row = steps.row_of(job)
    assert (row["state"], row["lease"], row["deaths"]) == (State.RUNNING, new.lease, 0)


def _somebody_waits() -> bool:
    waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    return bool(steps._rows(waiting))
