"""What people and their code do: they enqueue, cancel, replay, pause."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from uuid import UUID

from apps.jobs import transitions
from apps.jobs.enqueuing import keys
from apps.jobs.operating import pause
from apps.jobs.states import ENDED, SLEEPING, WAITING, State
from apps.jobs.transitions import Message, NewJob
from tests.jobs.model.deed import Deed, answers_whom_it_moved, moves_nothing
from tests.jobs.model.history import Move
from tests.jobs.steps import new_job

LIMITED, PACKED = "kinds.fail", "kinds.add"  # one at a time, and up to three in a message
KEY = b"the only one"
UNENDED = frozenset(State) - ENDED


def some_job(*, kind: str, asleep: bool, late: bool = False) -> NewJob:
    """Make a job that is due in no time, or was to start a second ago: the model waits for no clock."""
    return new_job(
        kind=kind,
        limit_key=LIMITED if kind == LIMITED else "",
        delay=timedelta(microseconds=1) if asleep else timedelta(),
        expires=timedelta(seconds=-1) if late else None,
    )


def enqueue(job: NewJob, *, window: int, key: bytes | None = None) -> Deed:
    """Enqueue a job, perhaps one of a unique kind; answer with its message, None if another holds the key."""

    def work() -> object:
        if key is not None and keys.take_one(key, job.id, within=None, states=UNENDED) is not None:
            return "there is one"
        return transitions.enqueue(job, window=window)

    def judge(answer: object, moves: list[Move]) -> None:
        if answer == "there is one":
            assert key is not None
            assert moves == []
            return
        [made] = moves
        assert (made.job, made.was) == (job.id, None)
        assert (made.became == State.QUEUED) == isinstance(answer, Message)

    return Deed(f"enqueue {job.id}", work, judge, may_wait=key is not None)


def cancel(ids: Sequence[UUID]) -> Deed:
    """Ask jobs to stop."""

    def judge(answer: object, moves: list[Move]) -> None:
        assert isinstance(answer, Counter)
        assert set(answer) <= {State.RUNNING, State.CANCELLED}
        assert answer[State.CANCELLED] == len(moves)
        assert all(move.was in WAITING and move.became == State.CANCELLED for move in moves)

    return Deed("cancel", lambda: transitions.cancel_many(ids), judge)


def release_now(ids: Sequence[UUID]) -> Deed:
    """Put sleeping jobs in line before their time."""
    return Deed(
        "release now", lambda: transitions.release_now(ids), answers_whom_it_moved(SLEEPING, State.READY)
    )


def replay(ids: Sequence[UUID]) -> Deed:
    """Put dead letters in line again."""
    return Deed("replay", lambda: transitions.replay(ids), answers_whom_it_moved({State.DEAD}, State.READY))


def pause_kind(kind: str) -> Deed:
    """Let nothing new of a kind start."""
    return Deed("pause", lambda: pause.pause("kind", kind), moves_nothing)


def resume_kind(kind: str) -> Deed:
    """Let a kind go on, and put what it parked in line again."""
    return Deed("resume", lambda: (pause.resume("kind", kind), pause.go_on()), moves_nothing)


PAUSES: dict[str, Callable[[], Deed]] = {
    "pause": lambda: pause_kind(PACKED),
    "pause the limited": lambda: pause_kind(LIMITED),
    "resume": lambda: resume_kind(PACKED),
    "resume the limited": lambda: resume_kind(LIMITED),
}
