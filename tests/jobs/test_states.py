"""States and moves are data that agree with one another."""

import pytest

from apps.jobs.states import CLAIMABLE, ENDED, MOVES, SLEEPING, WAITING, State


def test_only_a_replay_leaves_a_final_state() -> None:
    assert {move for move in MOVES if move[0] in ENDED} == {(State.DEAD, State.READY)}


@pytest.mark.parametrize("state", State)
def test_every_state_can_be_reached(state: State) -> None:
    entered = {end for _, end in MOVES}
    born = {State.SCHEDULED, State.READY, State.QUEUED}  # by enqueue
    assert state in entered | born


@pytest.mark.parametrize("state", sorted(set(State) - ENDED))
def test_from_every_live_state_a_final_one_can_be_reached(state: State) -> None:
    reached = {state}
    while more := {end for start, end in MOVES if start in reached} - reached:
        reached |= more
    assert reached & ENDED


def test_a_job_is_waiting_running_or_ended_and_never_two_of_them() -> None:
    assert WAITING | {State.RUNNING} | ENDED == set(State)
    assert WAITING.isdisjoint(ENDED)
    assert State.RUNNING not in WAITING | ENDED


def test_waiting_jobs_sleep_or_may_be_claimed() -> None:
    assert SLEEPING | CLAIMABLE == WAITING
    assert SLEEPING.isdisjoint(CLAIMABLE)


def test_every_waiting_or_running_job_can_be_cancelled() -> None:
    assert {start for start, end in MOVES if end == State.CANCELLED} == WAITING | {State.RUNNING}


@pytest.mark.parametrize("arrow", MOVES)
def test_every_arrow_says_when_it_happens(arrow: tuple[State, State]) -> None:
    verb, _, reason = MOVES[arrow].partition(": ")
    assert verb
    assert reason
