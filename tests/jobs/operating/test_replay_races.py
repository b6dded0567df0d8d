"""Replay beside others: each holds the row it needs, the other waits or leaves it, and one outcome counts."""

from collections.abc import Callable, Iterator
from uuid import UUID

import pytest
from django.db import transaction

from apps.jobs import transitions
from apps.jobs.models import DeadLetter, Job, Replay, Replayed
from apps.jobs.operating import dead_letters, replay
from apps.jobs.operating.dead_letters import Filter
from apps.jobs.operating.replay import NothingToReplay, Pace
from apps.jobs.states import State
from tests.jobs import steps
from tests.jobs.operating.test_dead_letters import buried
from tests.jobs.steps import Session, another_session
from tests.jobs.test_races import first_then

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture
def other(committed: None) -> Iterator[Session]:
    """A second session with the database."""
    with another_session() as session:
        yield session


def asked(**pace: int) -> Replay:
    return replay.replay(Filter(), actor=None, reason="mended", pace=Pace(**pace))


def test_of_two_that_replay_the_same_at_once_one_does_and_the_other_is_refused(other: Session) -> None:
    ids = [buried(), buried()]
    with pytest.raises(NothingToReplay):
        first_then(other, asked, asked)
    assert [record.total for record in Replay.objects.all()] == [2]
    assert [steps.state_of(job_id) for job_id in ids] == [State.READY] * 2
    steps.assert_nothing_is_lost()


def test_of_two_that_put_the_same_job_in_line_one_does(other: Session) -> None:
    job_id = buried()
    again = first_then(other, lambda: transitions.replay([job_id]), lambda: transitions.replay([job_id]))
    assert again == []
    assert len(steps._rows("SELECT id FROM jobs_ready WHERE id = %s", [job_id])) == 1


def test_two_that_replay_overlapping_jobs_in_other_orders_do_not_wait_for_one_another(other: Session) -> None:
    ids = [buried() for _ in range(20)]
    rest = first_then(other, lambda: transitions.replay(ids[:15]), lambda: transitions.replay(ids[:4:-1]))
    assert set(rest) == set(ids[15:])


def test_a_replay_that_comes_after_the_prune_finds_nothing(other: Session) -> None:
    job_id = buried()
    gone = first_then(other, lambda: _prune(job_id), lambda: transitions.replay([job_id]))
    assert gone == []
    assert not steps.stands_in_line(job_id)
    steps.assert_nothing_is_lost()


def test_a_replay_under_way_skips_what_was_pruned_before_its_turn() -> None:
    canary, pruned = sorted([buried(), buried()])
    record = asked(canary=1)
    _prune(pruned)
    assert transitions.succeed(steps.claimed(canary, steps.a_worker()), 1)
    replay.go_on()
    record.refresh_from_db()
    assert (record.stage, record.sent, record.skipped, record.ended_well) == ("done", 1, 1, 1)


def test_a_prune_that_comes_after_the_replay_leaves_what_lives(other: Session) -> None:
    """A prune drops ended jobs; it looks again at a row it waited for."""
    job_id = buried()
    first_then(other, lambda: transitions.replay([job_id]), lambda: _prune(job_id))
    assert steps.state_of(job_id) == State.READY
    assert steps.stands_in_line(job_id)


def _prune(job_id: UUID) -> None:
    """Drop an ended job and its letter, the job first."""
    with transaction.atomic():
        if Job.objects.filter(pk=job_id, state__in=(State.SUCCEEDED, State.DEAD, State.CANCELLED)).delete()[
            0
        ]:
            DeadLetter.objects.filter(pk=job_id).delete()


def test_a_replay_that_comes_after_the_discard_leaves_the_job_dead(other: Session) -> None:
    job_id = buried()
    replayed = first_then(
        other,
        lambda: dead_letters.discard(Filter(), actor=None, reason="old"),
        lambda: transitions.replay([job_id]),
    )
    assert replayed == []
    assert steps.state_of(job_id) == State.DEAD


def test_a_discard_that_comes_after_the_replay_gives_nothing_up(other: Session) -> None:
    buried()
    given_up = first_then(other, asked, lambda: dead_letters.discard(Filter(), actor=None, reason="old"))
    assert given_up == 0
    assert DeadLetter.objects.get().decision == "replayed"


def test_of_two_keepers_one_moves_a_replay_on_and_the_other_does_not_wait(other: Session) -> None:
    ids = sorted(buried() for _ in range(3))
    record = asked(canary=1)
    assert transitions.succeed(steps.claimed(ids[0], steps.a_worker()), 1)
    with transaction.atomic():
        assert replay.go_on() == 2
        assert other.do(replay.go_on) == 0
    record.refresh_from_db()
    assert (record.sent, record.ended_well) == (3, 1)
    assert Replayed.objects.filter(became=Replayed.Became.SENT).count() == 2


def test_a_keeper_that_dies_in_the_middle_has_moved_nothing() -> None:
    ids = sorted(buried() for _ in range(3))
    record = asked(canary=1)
    assert transitions.succeed(steps.claimed(ids[0], steps.a_worker()), 1)
    with transaction.atomic():
        assert replay.go_on() == 2
        transaction.set_rollback(True)
    record.refresh_from_db()
    assert (record.sent, record.ended_well) == (1, 0)
    assert replay.go_on() == 2
    record.refresh_from_db()
    assert (record.sent, record.ended_well) == (3, 1)


MOVES: dict[str, Callable[[], object]] = {
    "release now": lambda: transitions.release_now(list(Job.objects.values_list("pk", flat=True))),
    "release": transitions.release,
}


@pytest.mark.parametrize("second", MOVES)
def test_a_sleeping_job_that_a_person_wakes_stands_in_line_once(second: str, other: Session) -> None:
    job_id = steps.enqueued(delay=steps.HOUR)
    steps.its_time_comes(job_id)
    with transaction.atomic():
        assert transitions.release_now([job_id]) == [job_id]
        again = other.start(MOVES[second])
    assert not again.result(timeout=60)
    assert len(steps._rows("SELECT id FROM jobs_ready WHERE id = %s", [job_id])) == 1


def test_a_job_that_is_cancelled_before_it_is_woken_stays_cancelled(other: Session) -> None:
    job_id = steps.enqueued(delay=steps.HOUR)
    woken = first_then(other, lambda: transitions.cancel(job_id), lambda: transitions.release_now([job_id]))
    assert woken == []
    assert steps.state_of(job_id) == State.CANCELLED


def test_two_that_cancel_the_same_many_do_not_wait_for_one_another_for_ever(other: Session) -> None:
    ids = [steps.in_line() for _ in range(20)]
    rest = first_then(
        other, lambda: transitions.cancel_many(ids[:15]), lambda: transitions.cancel_many(ids[:4:-1])
    )
    assert rest == {State.CANCELLED: 5}
