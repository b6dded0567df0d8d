"""Every arrow of MOVES is walked by one transition, and no transition does anything else."""

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, transaction

from apps.jobs import transitions
from apps.jobs.models import Attempt, Bundle, DeadLetter, Job
from apps.jobs.states import ENDED, MOVES, SLEEPING, WAITING, State
from apps.jobs.transitions import Claim
from tests.jobs import steps
from tests.jobs.steps import HOUR, TROUBLE, a_worker, job_in, row_of, running, state_of

pytestmark = pytest.mark.django_db

Step = Callable[[Claim, int], object]


def _cancel_then_rescue(claim: Claim, worker_id: int) -> object:
    Job.objects.filter(id=claim.id, state=State.RUNNING).update(cancel_requested_at="2001-01-01T00:00Z")
    return transitions.rescue([worker_id], max_deaths=3)


STEPS: dict[str, Step] = {
    "release": lambda claim, _: steps.released(claim.id),
    "claim": steps.delivered,
    "succeed": lambda claim, _: transitions.succeed(claim, 1),
    "retry": lambda claim, _: transitions.retry(claim, TROUBLE, HOUR),
    "snooze": lambda claim, _: transitions.snooze(claim, HOUR, "the till is closed"),
    "bury": lambda claim, _: transitions.bury(claim, TROUBLE, {}),
    "stop": lambda claim, _: transitions.stop(claim),
    "cancel": lambda claim, _: transitions.cancel(claim.id),
    "rescue": lambda _, worker_id: transitions.rescue([worker_id], max_deaths=3),
    "rescue of a killer": lambda _, worker_id: transitions.rescue([worker_id], max_deaths=1),
    "rescue of one that was to stop": _cancel_then_rescue,
    "hand back": lambda _, worker_id: transitions.hand_back(worker_id),
    "release now": lambda claim, _: transitions.release_now([claim.id]),
    "replay": lambda claim, _: transitions.replay([claim.id]),
    "relay": lambda *_: transitions.relay(steps.QUEUE, 10),
    "republish": lambda *_: transitions.republish(patience=HOUR, everything=True),
}

WALKS: dict[str, dict[State, State]] = {
    "claim": {State.READY: State.RUNNING, State.QUEUED: State.RUNNING},
    "succeed": {State.RUNNING: State.SUCCEEDED},
    "retry": {State.RUNNING: State.RETRYING},
    "snooze": {State.RUNNING: State.SCHEDULED},
    "bury": {State.RUNNING: State.DEAD},
    "stop": {State.RUNNING: State.CANCELLED},
    "cancel": dict.fromkeys(WAITING, State.CANCELLED),
    "rescue": {State.RUNNING: State.READY},
    "rescue of a killer": {State.RUNNING: State.DEAD},
    "rescue of one that was to stop": {State.RUNNING: State.CANCELLED},
    "hand back": {State.RUNNING: State.READY},
    **dict.fromkeys(("release", "release now"), dict.fromkeys(SLEEPING, State.READY)),
    "replay": {State.DEAD: State.READY},
}


def test_the_transitions_together_walk_every_arrow_and_no_other() -> None:
    walked = {arrow for walks in WALKS.values() for arrow in walks.items()}
    assert walked == set(MOVES)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("state", State)
def test_a_transition_moves_a_job_along_its_arrow_or_leaves_it_as_it_was(state: State, step: str) -> None:
    worker_id = a_worker()
    claim = job_in(state, worker_id)
    before = row_of(claim.id)

    STEPS[step](claim, worker_id)
    after = row_of(claim.id)
    assert after["state"] == WALKS.get(step, {}).get(state, state)
    if after["state"] == state:
        allowed = {"cancel_requested_at"} if step == "cancel" and state == State.RUNNING else set()
        allowed |= {"run_after"} if step == "release" else set()
        assert {name for name in after if after[name] != before[name]} <= allowed
    steps.assert_nothing_is_lost()


@pytest.mark.parametrize("step", ["succeed", "retry", "snooze", "bury", "stop"])
@pytest.mark.parametrize("since", ["rescued", "claimed by another", "ended", "asleep"])
def test_a_worker_that_lost_its_lease_can_write_no_outcome(step: str, since: str) -> None:
    worker_id = a_worker()
    old = running(worker_id)
    transitions.rescue([worker_id], max_deaths=3)
    if since != "rescued":
        transitions.relay(steps.QUEUE, 1)
        new = steps.claimed(old.id, a_worker("two@here"))
        if since == "ended":
            transitions.succeed(new, "by the second")
        if since == "asleep":
            transitions.snooze(new, HOUR, "")
    before, stories = row_of(old.id), Attempt.objects.filter(job_id=old.id).count()

    assert not STEPS[step](old, worker_id)

    assert row_of(old.id) == before
    assert Attempt.objects.filter(job_id=old.id).count() == stories
    assert not DeadLetter.objects.filter(job_id=old.id).exists()
    steps.assert_nothing_is_lost()


@pytest.mark.parametrize("step", ["succeed", "retry", "snooze", "bury", "stop"])
def test_a_lease_that_was_never_issued_writes_nothing(step: str) -> None:
    claim = running()
    assert not STEPS[step](claim._replace(lease=uuid4()), 0)
    assert state_of(claim.id) == State.RUNNING


@pytest.mark.parametrize("step", ["succeed", "retry", "snooze", "bury", "stop"])
def test_an_outcome_written_twice_is_accepted_once(step: str) -> None:
    claim = running()
    assert STEPS[step](claim, 0)
    once = row_of(claim.id)
    assert not STEPS[step](claim, 0)
    assert row_of(claim.id) == once
    assert Attempt.objects.filter(job_id=claim.id).count() == (0 if step == "succeed" else 1)


def test_a_second_claim_gets_nothing() -> None:
    first = running()
    assert transitions.claim([first.id], bundle=first.bundle, worker_id=a_worker("two@here")) == []
    assert row_of(first.id)["lease"] == first.lease


def test_a_claim_of_many_gets_those_that_wait_and_no_others() -> None:
    waiting, taken, asleep = steps.enqueued(), running().id, steps.enqueued(delay=HOUR)
    bundle = steps.bundle_of(waiting)
    claims = transitions.claim([waiting, taken, asleep, uuid4()], bundle=bundle, worker_id=a_worker())
    assert [claim.id for claim in claims] == [waiting]


def test_a_claim_brings_what_the_run_needs() -> None:
    claim = running(args={"a": 1, "b": [None, "ü"]}, max_attempts=7)
    assert (claim.kind, claim.args) == (steps.KIND, {"a": 1, "b": [None, "ü"]})
    assert (claim.attempt, claim.failures, claim.max_attempts) == (1, 0, 7)


def test_no_lease_is_issued_twice() -> None:
    worker_id, leases = a_worker(), set()
    claim = running(worker_id)
    for _ in range(20):
        leases.add(claim.lease)
        assert transitions.hand_back(worker_id) == [claim.id]
        transitions.relay(steps.QUEUE, 1)
        claim = steps.claimed(claim.id, worker_id)
    assert len(leases) == 20


@pytest.mark.parametrize("step", ["succeed", "retry", "snooze", "bury", "stop", "rescue", "hand back"])
def test_the_bundle_of_a_job_that_no_longer_runs_leaves_the_window(step: str) -> None:
    worker_id = a_worker()
    claim = running(worker_id)
    assert steps.is_in_window(claim.id)
    STEPS[step](claim, worker_id)
    assert not steps.is_in_window(claim.id)


def test_success_keeps_the_result_and_when_it_came() -> None:
    claim = running()
    transitions.succeed(claim, {"rows": [1, None, "ü"]})
    row = row_of(claim.id)
    assert row["result"] == {"rows": [1, None, "ü"]}
    assert row["finished_at"] is not None
    assert row["lease"] is None


def test_a_failure_is_counted_and_told_and_sleeps() -> None:
    claim = running()
    transitions.retry(claim, TROUBLE, HOUR)
    row, story = row_of(claim.id), Attempt.objects.get(job_id=claim.id)
    assert (row["failures"], row["attempt"]) == (1, 1)
    assert (story.outcome, story.number, story.worker_name) == ("failed", 1, "one@here")
    assert (story.error_type, story.message, story.traceback) == ("ValueError", "It broke.", "Traceback")
    assert story.started_at == row["started_at"] <= story.ended_at


def test_a_nap_is_told_and_not_counted_as_a_failure() -> None:
    claim = running()
    transitions.snooze(claim, HOUR, "the till is closed")
    row, story = row_of(claim.id), Attempt.objects.get(job_id=claim.id)
    assert (row["state"], row["failures"]) == (State.SCHEDULED, 0)
    assert (story.outcome, story.message) == ("snoozed", "the till is closed")


@pytest.mark.parametrize("step", ["retry", "snooze"])
def test_a_job_that_was_asked_to_stop_does_not_run_again(step: str) -> None:
    claim = running()
    assert transitions.cancel(claim.id) == State.RUNNING
    assert STEPS[step](claim, 0)
    assert state_of(claim.id) == State.CANCELLED
    assert not steps.is_in_window(claim.id)
    assert row_of(claim.id)["finished_at"] is not None


def test_a_job_that_ends_well_before_it_saw_the_cancel_has_succeeded() -> None:
    claim = running()
    transitions.cancel(claim.id)
    assert transitions.succeed(claim, 1)
    assert state_of(claim.id) == State.SUCCEEDED


def test_a_burial_leaves_a_dead_letter_with_its_evidence() -> None:
    claim = running()
    transitions.bury(claim, TROUBLE, {"args": {"a": 1}})
    letter = DeadLetter.objects.get(job_id=claim.id)
    assert (letter.kind, letter.fingerprint, letter.message) == (steps.KIND, TROUBLE.fingerprint, "It broke.")
    assert letter.evidence == {"args": {"a": 1}}
    assert row_of(claim.id)["fingerprint"] == TROUBLE.fingerprint


def test_a_stop_leaves_no_dead_letter() -> None:
    claim = running()
    transitions.stop(claim)
    assert not DeadLetter.objects.exists()
    assert Attempt.objects.get().outcome == "cancelled"


@pytest.mark.parametrize("state", sorted(WAITING))
def test_a_waiting_job_that_is_cancelled_ends_at_once_and_leaves_the_line(state: State) -> None:
    claim = job_in(state)
    assert transitions.cancel(claim.id) == State.CANCELLED
    assert not steps.stands_in_line(claim.id)
    assert transitions.claim([claim.id], bundle=claim.bundle, worker_id=a_worker()) == []


@pytest.mark.parametrize("state", sorted(ENDED))
def test_a_job_that_ended_cannot_be_cancelled(state: State) -> None:
    assert transitions.cancel(job_in(state).id) is None


def test_a_job_that_does_not_exist_cannot_be_cancelled() -> None:
    assert transitions.cancel(uuid4()) is None


def test_asking_twice_keeps_the_first_moment() -> None:
    claim = running()
    transitions.cancel(claim.id)
    first = row_of(claim.id)["cancel_requested_at"]
    assert transitions.cancel(claim.id) == State.RUNNING
    assert row_of(claim.id)["cancel_requested_at"] == first


def test_release_takes_the_longest_due_first_and_no_more_than_its_batch() -> None:
    late, later = steps.enqueued(delay=HOUR), steps.enqueued(delay=2 * HOUR)
    asleep = steps.enqueued(delay=3 * HOUR)
    Job.objects.filter(id=late).update(run_after="2001-01-01T00:00Z")
    Job.objects.filter(id=later).update(run_after="2002-01-01T00:00Z")

    assert transitions.release(batch=1) == 1
    assert [state_of(job_id) for job_id in (late, later)] == [State.READY, State.SCHEDULED]
    assert transitions.release() == 1
    assert transitions.release() == 0
    assert state_of(asleep) == State.SCHEDULED


IMPOSSIBLE: dict[str, dict[str, object]] = {
    "job_state_is_known": {"state": 4},
    "job_sleeps_until_run_after": {"state": State.SCHEDULED, "run_after": None},
    "job_runs_iff_it_holds_a_lease": {"state": State.RUNNING, "lease": None},
    "job_ended_iff_finished_at": {"state": State.SUCCEEDED, "finished_at": None},
    "job_counts_are_not_negative": {"attempt": -1},
}


@pytest.mark.parametrize("rule", IMPOSSIBLE)
def test_the_database_refuses_an_impossible_row(rule: str) -> None:
    job_id = steps.enqueued()
    with pytest.raises(IntegrityError, match=rule), transaction.atomic():
        Job.objects.filter(id=job_id).update(**IMPOSSIBLE[rule])


@pytest.mark.parametrize(
    "fields",
    [
        {"lease": UUID(int=1)},
        {"run_after": "2001-01-01T00:00Z"},
        {"finished_at": "2001-01-01T00:00Z"},
        {"failures": -1},
        {"deaths": -1},
        {"max_attempts": 0},
    ],
    ids=str,
)
def test_a_waiting_job_has_no_lease_no_alarm_and_no_end(fields: dict[str, object]) -> None:
    job_id = steps.enqueued()
    with pytest.raises(IntegrityError), transaction.atomic():
        Job.objects.filter(id=job_id).update(**fields)


def test_a_bundle_without_jobs_is_refused() -> None:
    job_id = steps.enqueued()
    with pytest.raises(IntegrityError, match="bundle_has_1_to_500_jobs"), transaction.atomic():
        Bundle.objects.filter(ids__contains=[job_id]).update(ids=[])
