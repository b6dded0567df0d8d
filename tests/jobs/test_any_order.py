"""Any operations in any order, with any lease ever issued: the ledger keeps its promises.

The model is small: a state for each job and who holds it. The statements are the real ones.
"""

import os
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import transaction
from django.db.models import F
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, multiple, precondition, rule

from apps.jobs import Context, LeaseLost, sql, transitions
from apps.jobs.keeper.batches import end_batches
from apps.jobs.keeper.strays import Strays
from apps.jobs.models import Batch
from apps.jobs.models import Bundle as WindowBundle
from apps.jobs.models.parked import Parked
from apps.jobs.operating import pause
from apps.jobs.outcomes import CancelRequested
from apps.jobs.states import CLAIMABLE, ENDED, SLEEPING, WAITING, State
from apps.jobs.transitions import Claim, Fill, Message, Rules, Success
from tests.jobs import steps
from tests.jobs.model.one_session import MAX_DEATHS, OneSession
from tests.jobs.steps import HOUR, KIND, QUEUE, TROUBLE

MOST_JOBS = 4  # few, so that much happens to each
OUTCOMES: dict[str, tuple[Callable[[Claim], bool], State]] = {
    "succeed": (lambda claim: transitions.succeed(claim, 1), State.SUCCEEDED),
    "bury": (lambda claim: transitions.bury(claim, TROUBLE, {}), State.DEAD),
    "stop": (transitions.stop, State.CANCELLED),
    "retry": (lambda claim: transitions.retry(claim, TROUBLE, HOUR), State.RETRYING),
    "snooze": (lambda claim: transitions.snooze(claim, HOUR, ""), State.SCHEDULED),
}


class Ledger(OneSession):
    """Keepers, workers and people do what they may do, at the worst of times."""

    jobs = Bundle("jobs")
    messages = Bundle("messages")  # in the broker, in a worker's hands, or delivered twice
    claims = Bundle("claims")  # every lease ever issued

    # --- what may happen --------------------------------------------------------

    @precondition(lambda self: len(self.state) < MOST_JOBS)
    @rule(
        target=jobs,
        window=st.sampled_from([0, 2, 100]),
        asleep=st.booleans(),
        late=st.sampled_from([False, False, True]),
        priority=st.integers(-2, 2),
    )
    def enqueue(self, window: int, asleep: bool, late: bool, priority: int) -> UUID:
        job = steps.new_job(
            priority=priority,
            delay=HOUR if asleep else timedelta(),
            expires=timedelta(seconds=-1) if late else None,
        )
        in_line = self.line()
        taken = WindowBundle.objects.count()
        message = transitions.enqueue(job, window=window)
        direct = not (asleep or in_line or self.is_paused) and taken < window
        assert (message is not None) == direct
        self.state[job.id] = State.SCHEDULED if asleep else State.QUEUED if direct else State.READY
        self.late |= {job.id} if late else set()
        return job.id

    @rule(window=st.sampled_from([0, 100]))
    def an_enqueue_is_rolled_back(self, window: int) -> None:
        with transaction.atomic():
            transitions.enqueue(steps.new_job(), window=window)
            transaction.set_rollback(True)

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
            self.moves(job, State.READY)

    @rule(target=messages, room=st.integers(0, 5))
    def relay(self, room: int) -> object:
        line = self.line()
        sent = transitions.relay(QUEUE, room, self._rules(most=1))
        assert steps.published_ids(sent) == ([] if self.is_paused else line[:room])
        return multiple(*sent)

    @rule(target=messages, most=st.integers(2, 3))
    def relay_bundles(self, most: int) -> object:
        line = self.line()
        sent = transitions.relay(QUEUE, 1000, self._rules(most))
        assert sorted(steps.published_ids(sent)) == ([] if self.is_paused else sorted(line))
        assert all(len(message.ids) <= most for message in sent)
        return multiple(*sent)

    @rule()
    def pause(self) -> None:
        pause.pause("kind", KIND)
        self.is_paused = True

    @rule()
    def resume(self) -> None:
        assert pause.resume("kind", KIND) == self.is_paused
        pause.go_on()
        assert not Parked.objects.exists()
        self.is_paused = False

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
        assert accepted(claim) == self.holds(claim)
        if self.holds(claim):
            asleep = state in SLEEPING
            self.moves(claim.id, State.CANCELLED if asleep and claim.id in self.asked else state)

    @rule(claim=claims)
    def a_worker_finishes_its_bundle(self, claim: Claim) -> None:
        bundle = self.issued[claim.lease]
        refused = transitions.finish([Success(each) for each in bundle])
        assert refused == {each.id for each in bundle if not self.holds(each)}
        for job in {each.id for each in bundle} - refused:
            self.moves(job, State.SUCCEEDED)

    @rule(claim=claims)
    def a_worker_does_not_know_its_kind(self, claim: Claim) -> None:
        said = transitions.set_aside([claim])
        assert sum(said.values()) == self.holds(claim)
        for state in said:  # buried only when it came too often
            assert (state == State.CANCELLED) == (claim.id in self.asked)
            self.moves(claim.id, state)

    @rule(claim=claims)
    def checkpoint(self, claim: Claim) -> None:
        try:
            with transaction.atomic():
                Context(claim).checkpoint({}, done=1)
        except LeaseLost:
            assert not self.holds(claim)
        except CancelRequested:
            assert self.holds(claim)
            assert claim.id in self.asked
        else:
            assert self.holds(claim)
            assert claim.id not in self.asked
            self.deaths[claim.id] = 0

    @rule(job=jobs)
    def cancel(self, job: UUID) -> None:
        before = self.state[job]
        said = transitions.cancel(job)
        if before in WAITING:
            assert said == State.CANCELLED
            self.moves(job, State.CANCELLED)
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
            self.moves(job, State.READY)

    @rule(job=jobs)
    def replay(self, job: UUID) -> None:
        dead = self.state[job] == State.DEAD
        assert transitions.replay([job]) == ([job] if dead else [])
        if dead:
            self.moves(job, State.READY)
            self.asked.discard(job)
            self.late.discard(job)
            del self.accepted[job]  # a new life, with an end of its own
            self.deaths[job] = 0

    @rule(worker=st.integers(0, 1), dead=st.booleans())
    def take_back(self, worker: int, dead: bool) -> None:
        if dead:
            freed = transitions.rescue([self.workers[worker]], max_deaths=MAX_DEATHS)
        else:
            freed = transitions.hand_back(self.workers[worker])
        assert set(freed) <= self.held_by(worker)
        self.are_free(freed, dead=dead)

    @rule(claim=claims, worker=st.integers(0, 1))
    def a_child_dies_of_one_job(self, claim: Claim, worker: int) -> None:
        held, worker_id = self.held_by(worker), self.workers[worker]
        lost = transitions.rescue_child(worker_id, os.getpid(), max_deaths=MAX_DEATHS, only=[claim.id])
        assert set(lost) <= held & {claim.id}
        spared = transitions.spare(worker_id, os.getpid(), guilty=claim.id)
        assert set(spared) <= held - {claim.id}
        self.are_free(lost, dead=True)
        self.are_free(spared, dead=False)

    @rule(target=claims, worker=st.integers(0, 1))
    def jobs_change_hands(self, worker: int) -> object:
        """All that one worker holds comes to the other, so that leases grow stale."""
        transitions.relay(QUEUE, 1000)
        lost = self.held_by(worker)
        self.take_back(worker, dead=False)
        transitions.relay(QUEUE, 1000)
        ids = [job for job in lost if self.state[job] == State.READY]
        return self._claim(ids, steps.bundle_of(ids[0]), 1 - worker) if ids else multiple()

    @rule(worker=st.integers(0, 1))
    def every_job_of_a_dead_worker_comes_back_once_the_line_has_moved(self, worker: int) -> None:
        """One that a stale message brought to the worker may still stand in line; its bundle comes then."""
        self.resume()
        transitions.relay(QUEUE, 1000)
        self.take_back(worker, dead=True)
        assert not self.held_by(worker)

    @rule(job=jobs)
    def time_comes(self, job: UUID) -> None:
        steps.its_time_comes(job)
        transitions.release()
        if self.state[job] in SLEEPING:
            self.moves(job, State.READY)

    @rule()
    def expire(self) -> None:
        late = {job for job in self.late if self.state[job] in WAITING}
        assert transitions.expire(since=HOUR) == len(late)
        for job in late:
            self.moves(job, State.CANCELLED)
            self.stories[job] += 1  # though it never started

    @rule()
    def sweep(self) -> None:
        steps.bundles_grow_old()
        sql.run("sweep_bundles", {})

    @rule()
    def nobody_stands_nowhere(self) -> None:
        assert Strays()() == 0

    # --- the model goes along ---------------------------------------------------

    def _claim(self, ids: list[UUID], bundle: UUID, worker: int) -> object:
        claims = self.claims_of(ids, bundle, worker)
        self.issued |= {claims[0].lease: claims} if claims else {}
        return multiple(*claims)

    def _rules(self, most: int) -> Rules:
        return Rules(fills={KIND: Fill(most, most)}, paused=[KIND] if self.is_paused else [])


Ledger.TestCase.settings = settings(
    max_examples=30,
    stateful_step_count=50,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.mark.django_db
class TestLedger(Ledger.TestCase):  # type: ignore[misc, valid-type]  # hypothesis builds the class
    """The promises, in any order of events."""
