"""What an error is worth is said by the kind's retry policy, in every way in which a job may run."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from celery import shared_task
from django.db import connection
from django.db.models.functions import Now

from apps.jobs import Discard, RetryPolicy, Snooze, TimedOut, job
from apps.jobs.models import Attempt, Bundle, DeadLetter, Duty, Job
from apps.jobs.running.attempt import failure
from apps.jobs.running.run import run
from apps.jobs.states import State
from apps.jobs.task import JobTask
from tests.jobs import steps
from tests.jobs.running.test_bundles import claimed, packed, ran
from tests.jobs.steps import row_of, state_of

pytestmark = pytest.mark.usefixtures("committed")


class AddressError(ValueError):
    """No retry can heal it."""


class RateLimitError(Exception):
    """It goes away by itself."""


POLICY = RetryPolicy(
    max_attempts=2, discard=(AddressError,), snooze={RateLimitError: timedelta(minutes=1)}, only=(ValueError,)
)
RAISED: dict[int, BaseException] = {
    1: ValueError("a bad day"),
    2: AddressError("12 Nowhere Street"),
    3: RateLimitError("slow down"),
    4: KeyError("unheard of"),
    5: SystemExit(1),
}
ENDS = {
    0: State.SUCCEEDED,
    1: State.RETRYING,
    2: State.DEAD,
    3: State.SCHEDULED,
    4: State.DEAD,
    5: State.DEAD,
}


def deliver(a: int) -> None:
    """Raise what the number says, after an effect."""
    Duty.objects.update_or_create(name=f"mark {a}", defaults={"keeper": "", "ran_at": Now(), "took_ms": 0})
    if a in RAISED:
        raise RAISED[a]


plain = job("odd.by_error", retry=POLICY)(deliver)
atomic = job("odd.by_error_atomic", retry=POLICY, atomic=True)(deliver)


def ended(task: Any, a: int) -> Job:
    """Run one job whose body raises what the number says."""
    claim = steps.running(kind=task.name, args={"a": a}, max_attempts=POLICY.max_attempts)
    run(task, claim)
    return Job.objects.get(id=claim.id)


def test_a_discarded_error_is_a_dead_letter_at_once_that_names_it() -> None:
    ended_job = ended(plain, 2)
    letter, story = DeadLetter.objects.get(job_id=ended_job.id), Attempt.objects.get()
    assert (ended_job.state, ended_job.attempt) == (State.DEAD, 1)
    assert letter.message == "Its retry policy discards AddressError: 12 Nowhere Street"
    assert letter.fingerprint == "AddressError in tests/jobs/running/test_retry_by_error.py:deliver"
    assert letter.evidence["error_type"] == story.error_type == "AddressError"
    assert letter.evidence["exception"]["exc_message"] == ["12 Nowhere Street"]
    assert "in deliver" in letter.evidence["traceback"]


def test_a_snoozed_error_lets_it_rest_and_uses_up_no_attempt_however_often() -> None:
    claim = steps.running(kind=plain.name, args={"a": 3}, max_attempts=1)
    for _ in range(3):
        assert run(plain, claim) == "snoozed"
        row = row_of(claim.id)
        assert (row["state"], row["failures"]) == (State.SCHEDULED, 0)
        rest = row["run_after"] - row["started_at"]
        assert timedelta(seconds=59) < rest < timedelta(seconds=90)
        steps.released(claim.id)
        claim = steps.claimed(claim.id, steps.a_worker())
    stories = set(Attempt.objects.values_list("outcome", "error_type", "message"))
    assert stories == {("snoozed", "RateLimitError", "slow down")}


@pytest.mark.parametrize("task", [plain, atomic], ids=["plain", "atomic"])
@pytest.mark.parametrize("a", ENDS)
def test_each_error_ends_the_attempt_as_the_policy_says(task: Any, a: int) -> None:
    assert ended(task, a).state == ENDS[a]
    assert Duty.objects.filter(name=f"mark {a}").exists() == (task is plain or a == 0), (
        "an atomic job that raised did nothing"
    )


def test_in_a_bundle_each_job_ends_by_its_own_error() -> None:
    bundle, ids = packed(*ENDS, kind=plain.name)
    words = ran(plain, claimed(bundle, ids))
    assert words == {"succeeded": 1, "retrying": 1, "dead": 3, "snoozed": 1}
    assert {a: state_of(job_id) for a, job_id in zip(ENDS, ids, strict=True)} == ENDS
    assert not Bundle.objects.exists()


def test_in_a_pool_of_threads_too() -> None:
    def in_a_thread(a: int) -> State:
        assert threading.current_thread() is not threading.main_thread()
        try:
            return State(ended(plain, a).state)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert dict(zip(ENDS, pool.map(in_a_thread, ENDS), strict=True)) == ENDS


@pytest.mark.parametrize(
    ("said", "state", "message"),
    [
        (Discard("It moved away."), State.DEAD, "It moved away."),
        (Snooze(timedelta(hours=1), "closed"), State.SCHEDULED, "closed"),
    ],
    ids=["Discard", "Snooze"],
)
def test_what_the_body_says_itself_wins_over_any_policy(said: Exception, state: State, message: str) -> None:
    def body() -> None:
        raise said from RateLimitError()

    task = job(f"odd.says_{type(said).__name__}", retry=RetryPolicy(only=()))(body)
    claim = steps.running(kind=task.name, args={})
    run(task, claim)
    assert state_of(claim.id) == state
    assert Attempt.objects.get().message == message


def test_a_retry_that_the_body_asks_for_wins_though_nothing_is_to_be_tried_again() -> None:
    task: Any = job("odd.asks_again", bind=True, retry=RetryPolicy(max_attempts=2, only=()))(_ask_again)
    claim = steps.running(kind=task.name, args={}, max_attempts=2)
    assert run(task, claim) == "retrying"


def _ask_again(self: JobTask[..., Any]) -> None:
    raise self.retry(countdown=1, exc=AddressError())


def test_a_task_declared_celery_s_way_heeds_the_policy_that_it_names() -> None:
    task: Any = shared_task(name="odd.celery_by_error", base=JobTask, retry_policy=POLICY)(deliver)
    assert ended(task, 2).state == State.DEAD


def test_a_job_that_was_killed_for_its_time_limit_ends_by_the_policy_as_well() -> None:
    claim = steps.running(max_attempts=3)
    policy = RetryPolicy(discard=(TimedOut,))
    word, outcome = failure(policy, claim, TimedOut("It did not stop."))
    assert (word, outcome()) == ("dead", True)
    assert DeadLetter.objects.get().message == "Its retry policy discards TimedOut: It did not stop."
