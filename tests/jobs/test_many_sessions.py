"""Three sessions at once, interleaved statement by statement, in any order: the ledger keeps its promises.

Each holds a transaction of one deed, which is left before any of its statements, within one that has to
wait for another session, or done and not yet committed, while the others go on. What it answers is held
against what it moved, and after every commit and rollback the ledger against its promises.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, TypeVar

import pytest
from django.db import connection
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from apps.jobs.transitions import Claim, Message, lanes
from tests.jobs import steps
from tests.jobs.model import drain, history, keeper_deeds, person_deeds, promises, worker_deeds
from tests.jobs.model.deed import Deed
from tests.jobs.model.keeper_deeds import UPKEEP
from tests.jobs.model.person_deeds import KEY, LIMITED, PACKED, PAUSES
from tests.jobs.model.stepped_session import Stand, SteppedSession, blockers, stepped_session
from tests.jobs.model.worker_deeds import OUTCOMES

if TYPE_CHECKING:
    from uuid import UUID

T = TypeVar("T")

MOST_ALIVE = 6
MOST_STATEMENTS = 100  # of one deed

who = st.integers(0, 2)
which = st.integers(0, 99)  # of those there are, however many: what is drawn must not depend on that
far = st.sampled_from(["a statement", "done", "done", "committed"])


class ThreeSessions(RuleBasedStateMachine):
    """Keepers, workers and people, each in the middle of something."""

    def __init__(self, sessions: list[SteppedSession]) -> None:
        super().__init__()
        self.sessions = sessions
        self.doing: dict[int, Deed] = {}
        self.enqueued: list[UUID] = []  # and committed
        self.limited: set[UUID] = set()
        self.keyed: set[UUID] = set()
        self.messages: list[Message] = []  # in the broker, in a worker's hands, or delivered twice
        self.claims: list[
            list[Claim]
        ] = []  # every lease that a transaction took, also one that was rolled back

    @initialize()
    def two_workers_and_jobs_here_and_there(self) -> None:
        steps.forget_all_jobs()
        history.forget()
        self.workers = [steps.a_worker("one@here"), steps.a_worker("two@here")]
        self.was_ended = False
        for kind, asleep in (
            (PACKED, False),
            (PACKED, False),
            (LIMITED, False),
            (LIMITED, False),
            (PACKED, True),
        ):
            job = person_deeds.some_job(kind=kind, asleep=asleep)
            self.limited |= {job.id} if kind == LIMITED else set()
            self._begin(0, "committed", person_deeds.enqueue(job, window=0))
        for worker_id in self.workers:  # from one to the other, so that there are stale leases
            self._begin(0, "committed", worker_deeds.hand_back(self.workers[0]))
            self._begin(0, "committed", keeper_deeds.relay(5))
            message = next(each for each in reversed(self.messages) if each.kind == PACKED)
            self._begin(0, "committed", worker_deeds.claim(message.ids, message.id, worker_id))
        assert self.claims[0][0].id == self.claims[1][0].id

    def teardown(self) -> None:
        try:
            if sys.exc_info()[0] is None:
                self._see_everything_end()
        finally:
            for session in self.sessions:
                session.abandon()

    # --- what may be done -------------------------------------------------------

    @rule(
        who=who,
        far=far,
        window=st.sampled_from([0, 0, 100]),
        kind=st.sampled_from([PACKED, PACKED, LIMITED]),
        asleep=st.booleans(),
        late=st.sampled_from([False, False, False, True]),
        unique=st.sampled_from([False, False, True]),
    )
    def enqueue(
        self, who: int, far: str, window: int, kind: str, asleep: bool, late: bool, unique: bool
    ) -> None:
        if promises.how_many_live() >= MOST_ALIVE:
            return
        job = person_deeds.some_job(kind=kind, asleep=asleep, late=late)
        if kind == LIMITED:
            self.limited.add(job.id)
        if unique:
            self.keyed.add(job.id)
        self._begin(who, far, person_deeds.enqueue(job, window=window, key=KEY if unique else None))

    @rule(who=who, far=far, room=st.integers(1, 5))
    def relay(self, who: int, far: str, room: int) -> None:
        self._begin(who, far, keeper_deeds.relay(room))

    @rule(who=who, far=far, which=which, worker=st.integers(0, 1))
    def deliver(self, who: int, far: str, which: int, worker: int) -> None:
        if self.messages:
            message = _of_the_last(self.messages, which)
            self._begin(who, far, worker_deeds.claim(message.ids, message.id, self.workers[worker]))

    @rule(who=who, far=far, which=which, outcome=st.sampled_from(sorted(OUTCOMES)))
    def a_worker_writes_an_outcome(self, who: int, far: str, which: int, outcome: str) -> None:
        if self.claims:
            claims = _of_the_last(self.claims, which)
            self._begin(who, far, worker_deeds.end(claims[which % len(claims)], outcome))

    @rule(who=who, far=far, which=which)
    def a_worker_finishes_a_bundle(self, who: int, far: str, which: int) -> None:
        if self.claims:
            self._begin(who, far, worker_deeds.finish(_of_the_last(self.claims, which)))

    @rule(who=who, far=far, which=which)
    def checkpoint(self, who: int, far: str, which: int) -> None:
        if self.claims:
            self._begin(who, far, worker_deeds.checkpoint(_of_the_last(self.claims, which)[0]))

    @rule(
        who=who,
        far=far,
        worker=st.integers(0, 1),
        how=st.sampled_from(["rescue", "hand back", "child"]),
        which=which,
    )
    def take_back(self, who: int, far: str, worker: int, how: str, which: int) -> None:
        worker_id = self.workers[worker]
        if how == "child" and self.claims:
            claims = _of_the_last(self.claims, which)
            self._begin(who, far, worker_deeds.rescue_child(worker_id, claims[which % len(claims)].id))
        else:
            self._begin(
                who,
                far,
                worker_deeds.rescue(worker_id) if how == "rescue" else worker_deeds.hand_back(worker_id),
            )

    @rule(
        who=who,
        far=far,
        what=st.sampled_from(["cancel", "release now", "replay"]),
        which=which,
        many=st.booleans(),
    )
    def a_person_asks(self, who: int, far: str, what: str, which: int, many: bool) -> None:
        if self.enqueued:
            ids = self.enqueued[::-1] if many else [_of_the_last(self.enqueued, which)]
            asks = {
                "cancel": person_deeds.cancel,
                "release now": person_deeds.release_now,
                "replay": person_deeds.replay,
            }
            self._begin(who, far, asks[what](ids))

    @rule(who=who, far=far, duty=st.sampled_from(sorted(UPKEEP | PAUSES)))
    def a_keeper_does_its_duty_or_a_person_pauses(self, who: int, far: str, duty: str) -> None:
        self._begin(who, far, (UPKEEP | PAUSES)[duty]())

    @rule()
    def time_passes(self) -> None:
        drain.what_nobody_holds_grows_old()

    # --- how it goes on ---------------------------------------------------------

    @rule(who=who)
    def one_statement(self, who: int) -> None:
        self._go_on(who, 1)

    @rule(who=who)
    def commit(self, who: int) -> None:
        self._end(who, commit=True)

    @rule(who=who)
    def roll_back(self, who: int) -> None:
        self._end(who, commit=False)

    # --- what must hold ---------------------------------------------------------

    @invariant()
    def the_promises_hold(self) -> None:
        if self.was_ended:  # else nothing was committed since the last look
            self.was_ended = False
            moves = history.all_moves()
            promises.assert_all_of_them(self.enqueued, moves, limited=self.limited, keyed=self.keyed)

    # --- the machinery ----------------------------------------------------------

    def _see_everything_end(self) -> None:
        while self.doing:
            for who in sorted(self.doing):
                self._end(who, commit=True)
        drain.until_everything_ended(self.workers)
        self.was_ended = True
        self.the_promises_hold()

    def _begin(self, who: int, far: str, deed: Deed) -> None:
        """Start it and go so far; a session that is at something else gets on with that first, if it can."""
        if who in self.doing:
            self._end(who, commit=True)
        if who in self.doing:
            return
        self.doing[who] = deed
        self.sessions[who].begin(deed.work)
        if far == "a statement":
            self._go_on(who, 1)
        elif far == "done":
            self._go_on(who, MOST_STATEMENTS)
        else:
            self._end(who, commit=True)

    def _go_on(self, who: int, statements: int) -> None:
        if who in self.doing and self.sessions[who].stand() == Stand.BEFORE_A_STATEMENT:
            self.sessions[who].let_on(statements)
            self._see_where_all_stand()

    def _end(self, who: int, *, commit: bool) -> None:
        self._go_on(who, MOST_STATEMENTS)
        if who not in self.doing or self.sessions[who].stand() != Stand.DONE:
            return
        deed = self.doing.pop(who)
        answer, moves = self.sessions[who].said()
        deed.judge(answer, moves)
        self.sessions[who].end(commit=commit)
        self._take_note(answer, commit=commit)
        if commit:
            self.enqueued += [move.job for move in moves if move.was is None]
            replayed = {move.job for move in moves if move.was is not None and deed.name == "replay"}
            self.keyed -= replayed  # a person may want a second one
        self.was_ended = True
        self._see_where_all_stand()

    def _take_note(self, answer: object, *, commit: bool) -> None:
        given = answer if isinstance(answer, list) else [answer]
        claims = [each for each in given if isinstance(each, Claim)]
        self.claims += [claims] if claims else []
        if commit:
            self.messages += [each for each in given if isinstance(each, Message)]

    def _see_where_all_stand(self) -> None:
        """Wait until nobody goes on by itself; fail where some wait for one another, or for ever."""
        before: list[Stand] = []
        while (now := [session.stand() for session in self.sessions]) != before:
            before = now
        waits = {who: self._blockers(who) for who, stand in enumerate(now) if stand == Stand.BLOCKED}
        for who, others in waits.items():
            told = f"{self.doing[who].name} waits for {[self.doing[other].name for other in others]}"
            assert self.doing[who].may_wait or not others, told
            assert not any(who in waits.get(other, []) for other in others), f"deadlock: {told}"

    def _blockers(self, who: int) -> list[int]:
        pids = [session.pid for session in self.sessions]
        return [pids.index(pid) for pid in blockers(pids[who]) if pid in pids]


def _of_the_last(things: Sequence[T], which: int) -> T:
    """Choose one, the newer the likelier."""
    return things[-1 - which % min(len(things), 4)] if which < 80 else things[which % len(things)]


@pytest.fixture
def three_sessions(committed: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[SteppedSession]]:
    """Three sessions, while the database writes down every move."""
    monkeypatch.setattr(lanes, "_LONGEST_S", 0.0)  # that the relay looks for new lanes depends on no clock
    with history.written_down(), ExitStack() as stack:
        yield [stack.enter_context(stepped_session()) for _ in range(3)]
        connection.close()


def test_three_sessions_in_any_order(three_sessions: list[SteppedSession]) -> None:
    run_state_machine_as_test(
        lambda: ThreeSessions(three_sessions),  # type: ignore[arg-type]  # a function will do
        settings=settings(
            max_examples=30,
            stateful_step_count=50,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
