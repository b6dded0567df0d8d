"""What a worker does: it claims, writes outcomes with leases that may be stale, dies or gives back."""

import os
from collections.abc import Callable, Sequence
from datetime import timedelta
from uuid import UUID

from django.db import transaction

from apps.jobs import Context, LeaseLost, transitions
from apps.jobs.outcomes import CancelRequested
from apps.jobs.states import CLAIMABLE, State
from apps.jobs.transitions import Claim, Success
from tests.jobs.model.deed import Deed, moves_nothing
from tests.jobs.model.history import Move
from tests.jobs.steps import TROUBLE

MAX_DEATHS = 2

OUTCOMES: dict[str, tuple[Callable[[Claim], bool], frozenset[State]]] = {
    "succeed": (lambda claim: transitions.succeed(claim, 1), frozenset({State.SUCCEEDED})),
    "bury": (lambda claim: transitions.bury(claim, TROUBLE, {}), frozenset({State.DEAD})),
    "stop": (transitions.stop, frozenset({State.CANCELLED})),
    "retry": (
        lambda claim: transitions.retry(claim, TROUBLE, timedelta()),
        frozenset({State.RETRYING, State.CANCELLED}),
    ),
    "snooze": (
        lambda claim: transitions.snooze(claim, timedelta(), ""),
        frozenset({State.SCHEDULED, State.CANCELLED}),
    ),
    "set aside": (
        lambda claim: bool(transitions.set_aside([claim])),
        frozenset({State.SCHEDULED, State.CANCELLED}),
    ),
}


def claim(ids: Sequence[UUID], bundle: UUID, worker_id: int) -> Deed:
    """Claim what a message names."""

    def judge(answer: object, moves: list[Move]) -> None:
        assert isinstance(answer, list)
        assert {(each.id, each.lease) for each in answer} == {(move.job, move.took_lease) for move in moves}
        assert all(move.was in CLAIMABLE and move.job in ids for move in moves)

    return Deed("claim", lambda: transitions.claim(ids, bundle=bundle, worker_id=worker_id), judge)


def end(claim: Claim, outcome: str) -> Deed:
    """Write an outcome, with a lease that may be stale."""
    accepted, states = OUTCOMES[outcome]

    def judge(answer: object, moves: list[Move]) -> None:
        assert [(move.job, move.left_lease) for move in moves] == (
            [(claim.id, claim.lease)] if answer else []
        )
        assert all(move.became in states for move in moves)

    return Deed(f"{outcome} {claim.id}", lambda: accepted(claim), judge)


def finish(claims: Sequence[Claim]) -> Deed:
    """Finish what is left of one claim of several jobs."""

    def judge(answer: object, moves: list[Move]) -> None:
        assert isinstance(answer, set)
        accepted = {claim.id for claim in claims} - answer
        assert {(move.job, move.left_lease) for move in moves} == {(job, claims[0].lease) for job in accepted}
        assert all(move.became == State.SUCCEEDED for move in moves)

    return Deed("finish", lambda: transitions.finish([Success(claim) for claim in claims]), judge)


def checkpoint(claim: Claim) -> Deed:
    """Save how far a job got."""

    def work() -> object:
        try:
            with transaction.atomic():
                Context(claim).checkpoint({}, done=1)
        except (LeaseLost, CancelRequested) as error:
            return type(error).__name__
        return "saved"

    return Deed(f"checkpoint {claim.id}", work, moves_nothing)


def rescue(worker_id: int) -> Deed:
    """Take back what a dead worker held."""
    return _take_back("rescue", lambda: transitions.rescue([worker_id], max_deaths=MAX_DEATHS))


def hand_back(worker_id: int) -> Deed:
    """Give back what a worker that stops held."""
    return _take_back("hand back", lambda: transitions.hand_back(worker_id))


def rescue_child(worker_id: int, guilty: UUID) -> Deed:
    """Take back the job that a child died of, and give back what it held beside it."""

    def work() -> object:
        mine = transitions.rescue_child(worker_id, os.getpid(), max_deaths=MAX_DEATHS, only=[guilty])
        return mine + transitions.spare(worker_id, os.getpid(), guilty=guilty)

    return _take_back("rescue child", work)


def _take_back(name: str, work: Callable[[], object]) -> Deed:
    ways = (
        {State.READY, State.CANCELLED} if name == "hand back" else {State.READY, State.CANCELLED, State.DEAD}
    )

    def judge(answer: object, moves: list[Move]) -> None:
        assert isinstance(answer, list)
        assert sorted(answer) == sorted(move.job for move in moves)
        assert all(move.was == State.RUNNING and move.became in ways for move in moves)

    return Deed(name, work, judge)
