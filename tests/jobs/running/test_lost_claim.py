"""A claim whose answer was lost leaves no job in the hands of a process that does not know it."""

from typing import Any

import pytest
from celery.exceptions import Ignore
from django.db import OperationalError, transaction

from apps.jobs import process, transitions
from apps.jobs.running.run import _claimed as claimed_by_message  # what a message's worker does first
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


def test_one_that_is_made_late_over_the_lost_session_is_given_back(worker_id: int) -> None:
    job = enqueued()
    bundle = bundle_of(job)

    def claim_and_hold() -> None:
        transaction.set_autocommit(False)
        transitions.claim([job], bundle=bundle, worker_id=worker_id)

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


def _somebody_waits() -> bool:
    waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    return bool(steps._rows(waiting))
