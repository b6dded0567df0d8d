"""A deed: one thing that is done in a transaction, and what its answer must say about it.

An answer is held against the moves that the database wrote down in the same transaction: who is told that
its outcome was accepted moved exactly its job, with its own lease, and who is told no moved nothing.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from apps.jobs.states import State
from tests.jobs.model.history import Move

Judge = Callable[[object, list[Move]], None]


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing to do in a transaction of its own, and how its answer is judged."""

    name: str
    work: Callable[[], object]
    judge: Judge
    may_wait: bool = True  # for another session


def answers_whom_it_moved(was: Collection[State], became: State) -> Judge:
    """Expect that the answer names whom it moved."""

    def judge(answer: object, moves: list[Move]) -> None:
        assert isinstance(answer, list)
        assert sorted(answer) == sorted(move.job for move in moves)
        assert all(move.was in was and move.became == became for move in moves)

    return judge


def counts(was: Collection[State], became: State | None) -> Judge:
    """Expect that the answer says how many it moved."""

    def judge(answer: object, moves: list[Move]) -> None:
        assert answer == len(moves)
        assert all(move.was in was and move.became == became for move in moves)

    return judge


def moves_nothing(answer: object, moves: list[Move]) -> None:
    """Expect that no job changed its state."""
    assert moves == [], f"{answer} moved jobs"
