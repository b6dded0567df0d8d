"""Any operations in any order, with any lease ever issued: the ledger keeps its promises.

The model is small: a state for each job and who holds it. The statements are the real ones.
"""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.db.models import F
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
)

from apps.jobs import Context, LeaseLost, sql, transitions
from apps.jobs.keeper.batches import end_batches
from apps.jobs.models import Batch, DeadLetter, Job
from apps.jobs.models import Bundle as WindowBundle
from apps.jobs.outcomes import CancelRequested
from apps.jobs.states import CLAIMABLE, ENDED, MOVES, SLEEPING, WAITING, State
from apps.jobs.transitions import Claim, Message
from tests.jobs import steps
from tests.jobs.steps import HOUR, QUEUE, TROUBLE

MAX_DEATHS = 3
MOST_JOBS = 3  # few, so that much happens to each
OUTCOMES: dict[str, tuple[Callable[[Claim], bool], State]] = {
    "succeed": (lambda claim: transitions.succeed(claim, 1), State.SUCCEEDED),
    "bury": (lambda claim: transitions.bury(claim, TROUBLE, {}), State.DEAD),
    "stop": (transitions.stop, State.CANCELLED),
    "retry": (lambda claim: transitions.retry(claim, TROUBLE, HOUR), State.RETRYING),
    "snooze": (lambda claim: transitions.snooze(claim, HOUR, ""), State.SCHEDULED),
}


class Ledger(RuleBasedStateMachine):
    """Keepers, workers and people do what they may do, at the worst of times."""

    jobs = Bundle("jobs")
    messages = Bundle("messages")  # in the broker, in a worker's hands, or delivered twice
    claims = Bundle("claims")  # every lease ever issued

    @initialize()
    def two_workers(self) -> None:
        self.transaction = transaction.atomic()
        self.transaction.__enter__()
        self.workers = [steps.a_worker("one@here"), steps.a_worker("two@here")]
        self.state: dict[UUID, State] = {}
        self.holder: dict[UUID, tuple[UUID, int]] = {}  # lease and worker of what runs
        self.asked: set[UUID] = set()
        self.accepted: dict[UUID, int] = {}
        self.deaths: dict[UUID, int] = {}
        self.waits_for: dict[UUID, UUID] = {}  # of a batch: its job, and the one it waits for

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.transaction.__exit__(None, None, None)

    # --- what may happen --------------------------------------------------------

    @precondition(lambda self: len(self.state) < MOST_JOBS)
    @rule(target=jobs, window=st.sampled_from([0, 2, 100]), asleep=st.booleans(), priority=st.integers(-2, 2))
    def enqueue(self, window: int, asleep: bool, priority: int) -> UUID:
        job = steps.new_job(priority=priority, delay=HOUR if asleep else timedelta())
        in_line = self._line()
        taken = WindowBundle.objects.count()
        message = transitions.enqueue(job, window=window)
        direct = not asleep and not in_line and taken < window
        assert (message is not None) == direct
        self.state[job.id] = State.SCHEDULED if asleep else State.QUEUED if direct else State.READY
        return job.id

    @precondition(lambda self: len(self.state) < MOST_JOBS - 1)
    @rule(target=jobs)
    def open_a_batch(self) -> object:
        waiting = steps.new_job()
        transitions.enqueue_behind_its_batch(waiting)
        part = steps.in_line(parent_id=waiting.id)
        self.state |= {waiting.id: State.SCHEDULED, part: State.READY}
        self.waits_for[waiting.id] = part
        return multiple(waiting.id, part)

    @rule()
    def end_batches(self) -> None:
        Batch.objects.update(look_at=F("look_at") - HOUR)
        over = [job for job, part in self.waits_for.items() if self.state[part] in ENDED]
        slept = [job for job in over if self.state[job] in SLEEPING]
        assert end_batches() == len(slept)
        for job in over:
            del self.waits_for[job]
        for job in slept:
            self._moves(job, State.READY)

    @rule(target=messages, room=st.integers(0, 5))
    def relay(self, room: int) -> object:
        line = self._line()
        sent = transitions.relay(QUEUE, room)
        assert steps.published_ids(sent) == line[:room]
        return multiple(*sent)

    @rule(target=messages, everything=st.booleans())
    def republish(self, everything: bool) -> object:
        steps.bundles_grow_old()
        sent = transitions.republish(patience=timedelta(seconds=5), everything=everything)
        assert all(any(self.state[job_id] in CLAIMABLE for job_id in message.ids) for message in sent)
        return multiple(*sent)

    @rule(target=claims, message=messages, worker=st.integers(0, 1))
    def deliver(self, message: Message, worker: int) -> object:
        return self._claim(message.ids, message.id, worker)

    @rule(target=claims, job=jobs, worker=st.integers(0, 1))
    def deliver_directly(self, job: UUID, worker: int) -> object:
        return self._claim([job], steps.bundle_of(job), worker)

    @rule(claim=claims, outcome=st.sampled_from(["succeed", "bury", "stop", "retry", "snooze"]))
    def a_worker_writes_an_outcome(self, claim: Claim, outcome: str) -> None:
        accepted, state = OUTCOMES[outcome]
        assert accepted(claim) == self._holds(claim)
        if self._holds(claim):
            asleep = state in SLEEPING
            self._moves(claim.id, State.CANCELLED if asleep and claim.id in self.asked else state)

    @rule(claim=claims)
    def checkpoint(self, claim: Claim) -> None:
        try:
            with transaction.atomic():
                Context(claim).checkpoint({}, done=1)
        except LeaseLost:
            assert not self._holds(claim)
        except CancelRequested:
            assert self._holds(claim)
            assert claim.id in self.asked
        else:
            assert self._holds(claim)
            assert claim.id not in self.asked
            self.deaths[claim.id] = 0

    @rule(job=jobs)
    def cancel(self, job: UUID) -> None:
        before = self.state[job]
        said = transitions.cancel(job)
        if before in WAITING:
            assert said == State.CANCELLED
            self._moves(job, State.CANCELLED)
        elif before == State.RUNNING:
            assert said == State.RUNNING
            self.asked.add(job)
        else:
            assert said is None

    @rule(job=jobs)
    def release_now(self, job: UUID) -> None:
        slept = self.state[job] in SLEEPING
        assert transitions.release_now([job]) == ([job] if slept else [])
        if slept:
            self._moves(job, State.READY)

    @rule(job=jobs)
    def replay(self, job: UUID) -> None:
        dead = self.state[job] == State.DEAD
        assert transitions.replay([job]) == ([job] if dead else [])
        if dead:
            self._moves(job, State.READY)
            self.asked.discard(job)
            del self.accepted[job]  # a new life, with an end of its own
            self.deaths[job] = 0

    @rule(worker=st.integers(0, 1), dead=st.booleans())
    def take_back(self, worker: int, dead: bool) -> None:
        if dead:
            freed = transitions.rescue([self.workers[worker]], max_deaths=MAX_DEATHS)
        else:
            freed = transitions.hand_back(self.workers[worker])
        assert set(freed) <= self._held_by(worker)
        for job in freed:
            self.deaths[job] = self.deaths.get(job, 0) + dead
            if dead and self.deaths[job] >= MAX_DEATHS:
                self._moves(job, State.DEAD)
            else:
                self._moves(job, State.CANCELLED if job in self.asked else State.READY)

    @rule(target=claims, worker=st.integers(0, 1))
    def jobs_change_hands(self, worker: int) -> object:
        """All that one worker holds comes to the other, so that leases grow stale."""
        transitions.relay(QUEUE, 1000)
        lost = self._held_by(worker)
        self.take_back(worker, dead=False)
        transitions.relay(QUEUE, 1000)
        ids = [job for job in lost if self.state[job] == State.READY]
        return self._claim(ids, steps.bundle_of(ids[0]), 1 - worker) if ids else multiple()

    @rule(worker=st.integers(0, 1))
    def every_job_of_a_dead_worker_comes_back_once_the_line_has_moved(self, worker: int) -> None:
        """One that a stale message brought to the worker may still stand in line; its bundle comes then."""
        transitions.relay(QUEUE, 1000)
        self.take_back(worker, dead=True)
        assert not self._held_by(worker)

    @rule(job=jobs)
    def time_comes(self, job: UUID) -> None:
        steps.its_time_comes(job)
        transitions.release()
        if self.state[job] in SLEEPING:
            self._moves(job, State.READY)

    @rule()
    def sweep(self) -> None:
        steps.bundles_grow_old()
        sql.run("sweep_bundles", {})

    # --- what must hold ---------------------------------------------------------

    @invariant()
    def the_ledger_says_what_the_model_says(self) -> None:
        rows = {row.id: row for row in Job.objects.all()}
        assert {job: State(row.state) for job, row in rows.items()} == self.state
        for job, row in rows.items():
            holder = (row.lease, row.worker_id) if row.state == State.RUNNING else None
            assert holder == self.holder.get(job)

    @invariant()
    def nothing_is_lost(self) -> None:
        steps.assert_nothing_is_lost()

    @invariant()
    def no_job_has_more_than_one_accepted_end(self) -> None:
        assert all(count == 1 for count in self.accepted.values())
        assert {job for job, state in self.state.items() if state in ENDED} == set(self.accepted)
        assert DeadLetter.objects.filter(decision="").count() == sum(
            state == State.DEAD for state in self.state.values()
        )

    # --- the model --------------------------------------------------------------

    def _claim(self, ids: list[UUID], bundle: UUID, worker: int) -> object:
        known = WindowBundle.objects.filter(id=bundle).exists()
        claims = transitions.claim(ids, bundle=bundle, worker_id=self.workers[worker])
        claimable = {job for job in ids if self.state[job] in CLAIMABLE} if known else set()
        assert {claim.id for claim in claims} == claimable
        for claim in claims:
            self._moves(claim.id, State.RUNNING)
            self.holder[claim.id] = (claim.lease, self.workers[worker])
        return multiple(*claims)

    def _holds(self, claim: Claim) -> bool:
        return self.holder.get(claim.id, (None, 0))[0] == claim.lease

    def _held_by(self, worker: int) -> set[UUID]:
        return {job for job, (_, holder) in self.holder.items() if holder == self.workers[worker]}

    def _moves(self, job: UUID, state: State) -> None:
        assert (self.state[job], state) in MOVES
        self.state[job] = state
        self.holder.pop(job, None)
        if state in ENDED:
            self.accepted[job] = self.accepted.get(job, 0) + 1

    def _line(self) -> list[UUID]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT id FROM jobs_ready ORDER BY rank, id")
            return [job_id for (job_id,) in cursor.fetchall()]


Ledger.TestCase.settings = settings(
    max_examples=30,
    stateful_step_count=50,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.mark.django_db
class TestLedger(Ledger.TestCase):  # type: ignore[misc, valid-type]  # hypothesis builds the class
    """The promises, in any order of events."""
