"""Two at once: one holds the row, the other waits or leaves it, and exactly one outcome is accepted."""

from collections.abc import Callable, Iterator
from typing import TypeVar

import pytest
from django.db import transaction

from apps.jobs import Context, LeaseLost, sql, transitions
from apps.jobs.models import Attempt, Bundle, DeadLetter, Job, Progress
from apps.jobs.states import State
from apps.jobs.transitions import Claim
from tests.jobs import steps
from tests.jobs.steps import TROUBLE, Session, another_session, row_of, running, state_of
from tests.local.waiting import wait_until

R = TypeVar("R")

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture
def other(committed: None) -> Iterator[Session]:
    """A second session with the database."""
    with another_session() as session:
        yield session


def first_then(other: Session, first: Callable[[], object], second: Callable[[], R]) -> R:
    """Do the first here and, before its commit, the second there; return what the second said in the end."""
    with transaction.atomic():
        first()
        answer = other.start(second)
        wait_until(lambda: other.waits_for_a_lock() or answer.done())
        assert not answer.done(), "it did not wait"
    return answer.result(timeout=60)


OUTCOMES: dict[str, Callable[[Claim], bool]] = {
    "succeed": lambda claim: transitions.succeed(claim, "done"),
    "retry": lambda claim: transitions.retry(claim, TROUBLE, steps.HOUR),
    "snooze": lambda claim: transitions.snooze(claim, steps.HOUR, ""),
    "bury": lambda claim: transitions.bury(claim, TROUBLE, {}),
    "stop": transitions.stop,
}
finishing = pytest.mark.parametrize("outcome", OUTCOMES)


@finishing
def test_a_rescue_does_not_wait_for_an_outcome_that_is_being_committed_and_leaves_it(
    outcome: str, other: Session
) -> None:
    worker_id = steps.a_worker()
    claim = running(worker_id)
    with transaction.atomic():
        assert OUTCOMES[outcome](claim)
        assert other.do(lambda: transitions.rescue([worker_id], max_deaths=3)) == []
    assert transitions.rescue([worker_id], max_deaths=3) == []
    assert state_of(claim.id) not in (State.RUNNING, State.READY)
    assert not steps.stands_in_line(claim.id)
    assert Attempt.objects.filter(outcome="lost").count() == 0
    steps.assert_nothing_is_lost()


@finishing
def test_a_rescue_takes_what_a_worker_could_not_commit(outcome: str, other: Session) -> None:
    worker_id = steps.a_worker()
    claim = running(worker_id)
    with transaction.atomic():
        OUTCOMES[outcome](claim)
        assert other.do(lambda: transitions.rescue([worker_id], max_deaths=3)) == []
        transaction.set_rollback(True)
    assert transitions.rescue([worker_id], max_deaths=3) == [claim.id]
    assert [story.outcome for story in Attempt.objects.all()] == ["lost"]


def test_one_frozen_job_does_not_keep_the_others_of_its_worker_from_being_rescued(other: Session) -> None:
    worker_id = steps.a_worker()
    frozen, free = running(worker_id), running(worker_id)
    with transaction.atomic():
        Context(frozen).checkpoint({}, done=1)
        assert other.do(lambda: transitions.rescue([worker_id], max_deaths=3)) == [free.id]
    assert transitions.rescue([worker_id], max_deaths=3) == [frozen.id]


@finishing
def test_an_outcome_that_comes_after_the_rescue_is_refused(outcome: str, other: Session) -> None:
    worker_id = steps.a_worker()
    claim = running(worker_id)
    accepted = first_then(
        other,
        lambda: transitions.rescue([worker_id], max_deaths=3),
        lambda: OUTCOMES[outcome](claim),
    )
    assert not accepted
    assert state_of(claim.id) == State.READY
    assert steps.stands_in_line(claim.id)
    assert [story.outcome for story in Attempt.objects.all()] == ["lost"]
    assert not DeadLetter.objects.exists()
    steps.assert_nothing_is_lost()


def test_of_two_rescues_one_takes_the_job_and_counts_one_death(other: Session) -> None:
    worker_id = steps.a_worker()
    claim = running(worker_id)
    with transaction.atomic():
        assert transitions.rescue([worker_id], max_deaths=3) == [claim.id]
        assert other.do(lambda: transitions.rescue([worker_id], max_deaths=3)) == []
    assert row_of(claim.id)["deaths"] == 1
    assert Attempt.objects.count() == 1
    steps.assert_nothing_is_lost()


def test_of_two_claims_one_gets_the_job(other: Session) -> None:
    job_id = steps.enqueued()
    bundle = steps.bundle_of(job_id)
    second = first_then(
        other,
        lambda: transitions.claim([job_id], bundle=bundle, worker_id=1),
        lambda: transitions.claim([job_id], bundle=bundle, worker_id=2),
    )
    assert second == []
    assert (row_of(job_id)["worker_id"], row_of(job_id)["attempt"]) == (1, 1)


def test_a_claim_that_comes_after_the_cancel_gets_nothing(other: Session) -> None:
    job_id = steps.enqueued()
    claims = first_then(
        other,
        lambda: transitions.cancel(job_id),
        lambda: transitions.claim([job_id], bundle=steps.bundle_of(job_id), worker_id=1),
    )
    assert claims == []
    assert state_of(job_id) == State.CANCELLED


def test_a_cancel_that_comes_after_the_claim_asks_the_running_job_to_stop(other: Session) -> None:
    job_id = steps.enqueued()
    bundle = steps.bundle_of(job_id)
    claims: list[Claim] = []
    state = first_then(
        other,
        lambda: claims.extend(transitions.claim([job_id], bundle=bundle, worker_id=1)),
        lambda: transitions.cancel(job_id),
    )
    assert state == State.RUNNING
    assert row_of(job_id)["cancel_requested_at"] is not None
    assert transitions.stop(claims[0])


@finishing
def test_a_cancel_that_comes_while_the_job_ends_finds_where_it_ended(outcome: str, other: Session) -> None:
    claim = running()
    state = first_then(other, lambda: OUTCOMES[outcome](claim), lambda: transitions.cancel(claim.id))
    asleep = outcome in ("retry", "snooze")
    assert state == (State.CANCELLED if asleep else None)


@pytest.mark.parametrize("outcome", ["retry", "snooze"])
def test_a_job_that_would_sleep_sees_the_cancel_that_came_just_before(outcome: str, other: Session) -> None:
    claim = running()
    assert first_then(other, lambda: transitions.cancel(claim.id), lambda: OUTCOMES[outcome](claim))
    assert state_of(claim.id) == State.CANCELLED


def test_a_rescue_sees_a_cancel_once_that_is_committed(other: Session) -> None:
    worker_id = steps.a_worker()
    claim = running(worker_id)
    with transaction.atomic():
        transitions.cancel(claim.id)
        assert other.do(lambda: transitions.rescue([worker_id], max_deaths=3)) == []
    assert transitions.rescue([worker_id], max_deaths=3) == [claim.id]
    assert state_of(claim.id) == State.CANCELLED
    assert not steps.stands_in_line(claim.id)


def _chunk(claim: Claim) -> None:
    with transaction.atomic():
        Context(claim).checkpoint({"row": 100}, done=100)


def test_a_rescue_leaves_a_chunk_that_is_being_committed_and_keeps_it(other: Session) -> None:
    worker_id = steps.a_worker()
    claim = running(worker_id)
    Job.objects.filter(id=claim.id).update(deaths=2)
    with transaction.atomic():
        Context(claim).checkpoint({"row": 100}, done=100)
        assert other.do(lambda: transitions.rescue([worker_id], max_deaths=3)) == []
    assert transitions.rescue([worker_id], max_deaths=3) == [claim.id]
    assert Progress.objects.get().cursor == {"row": 100}
    assert (state_of(claim.id), row_of(claim.id)["deaths"]) == (State.READY, 1)  # the chunk cleared the count


def test_a_chunk_that_comes_after_the_rescue_is_rolled_back(other: Session) -> None:
    worker_id = steps.a_worker()
    claim = running(worker_id)
    with pytest.raises(LeaseLost):
        first_then(other, lambda: transitions.rescue([worker_id], max_deaths=3), lambda: _chunk(claim))
    assert not Progress.objects.exists()
    assert state_of(claim.id) == State.READY


@pytest.mark.parametrize("mover", ["release", "rescue"])
def test_a_cancel_that_waited_for_a_move_into_the_line_leaves_at_most_a_stale_message(
    mover: str, other: Session
) -> None:
    """Its statement cannot see the place in line that the other made; relay and sweep clear that away."""
    worker_id = steps.a_worker()
    job_id = running(worker_id).id if mover == "rescue" else steps.enqueued(delay=steps.HOUR)
    steps.its_time_comes(job_id)
    moves: dict[str, Callable[[], object]] = {
        "release": transitions.release,
        "rescue": lambda: transitions.rescue([worker_id], max_deaths=3),
    }
    assert first_then(other, moves[mover], lambda: transitions.cancel(job_id)) == State.CANCELLED

    for message in transitions.relay(steps.QUEUE, 10):
        assert transitions.claim(message.ids, bundle=message.id, worker_id=worker_id) == []
    steps.bundles_grow_old()
    sql.run("sweep_bundles", {})
    assert state_of(job_id) == State.CANCELLED
    assert not steps.stands_in_line(job_id)
    assert not Bundle.objects.exists()


def test_of_two_releases_one_moves_the_job_and_the_other_does_not_wait(other: Session) -> None:
    job_id = steps.enqueued(delay=steps.HOUR)
    steps.its_time_comes(job_id)
    with transaction.atomic():
        assert transitions.release() == 1
        assert other.do(transitions.release) == 0
    assert state_of(job_id) == State.READY


def test_a_release_that_comes_while_a_person_cancels_moves_nothing(other: Session) -> None:
    job_id = steps.enqueued(delay=steps.HOUR)
    steps.its_time_comes(job_id)
    with transaction.atomic():
        transitions.cancel(job_id)
        assert other.do(transitions.release) == 0
    assert state_of(job_id) == State.CANCELLED
    assert transitions.release() == 0
