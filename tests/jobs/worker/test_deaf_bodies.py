"""What hangs where no process can be killed ends in the ledger, and what it writes later is refused."""

import os
from time import monotonic
from typing import Any

import pytest
from django.db import transaction
from pytest_django import Settings

from apps.jobs import process, transitions
from apps.jobs.models import Attempt, Bundle, DeadLetter, Job
from apps.jobs.running import in_threads
from apps.jobs.running.slate import Entry, Slate
from apps.jobs.states import State
from apps.jobs.transitions import Claim
from apps.jobs.worker.deaf_bodies import DeafBodies
from tests.jobs import steps
from tests.jobs.steps import row_of, state_of


@pytest.fixture
def worker_id(db: None, monkeypatch: pytest.MonkeyPatch) -> int:
    """The worker that this process is."""
    worker_id = steps.a_worker()
    monkeypatch.setattr(process, "_worker_id", worker_id)
    return worker_id


@pytest.fixture(autouse=True)
def threads(monkeypatch: pytest.MonkeyPatch) -> dict[object, Entry]:
    """What runs in this process's threads, as a test says."""
    running: dict[object, Entry] = {}
    monkeypatch.setattr(in_threads, "_running", running)
    return running


def held(worker_id: int, jobs: int, **fields: Any) -> list[Claim]:
    """Let this process claim so many jobs with one message."""
    ids = [steps.enqueued(**fields) for _ in range(jobs)]
    Bundle.objects.filter(ids__overlap=ids).delete()
    message = Bundle.objects.create(
        queue=steps.QUEUE, kind=steps.KIND, published_at="2026-01-01T00:00Z", ids=ids
    )
    return transitions.claim(ids, bundle=message.id, worker_id=worker_id)


def past_its_limit(claim: Claim, seconds: float) -> Entry:
    now = monotonic()
    return Entry(os.getpid(), claim.lease, claim.id, now - seconds - 2, now - seconds)


def test_one_past_its_limit_fails_and_its_body_can_write_nothing_more(
    worker_id: int, threads: dict[object, Entry]
) -> None:
    [claim] = held(worker_id, 1)
    threads["one"] = past_its_limit(claim, 60)
    DeafBodies(Slate()).end_overdue()
    assert (state_of(claim.id), row_of(claim.id)["failures"]) == (State.RETRYING, 1)
    story = Attempt.objects.get()
    assert (story.error_type, story.outcome) == ("TimedOut", "failed")
    assert "limit of 0:00:02 and did not stop" in story.message
    assert not transitions.succeed(claim, 1)
    steps.assert_nothing_is_lost()


def test_at_its_last_attempt_it_is_a_dead_letter(worker_id: int, threads: dict[object, Entry]) -> None:
    [claim] = held(worker_id, 1, max_attempts=1)
    threads["one"] = past_its_limit(claim, 60)
    DeafBodies(Slate()).end_overdue()
    assert (state_of(claim.id), DeadLetter.objects.get().evidence["error_type"]) == (State.DEAD, "TimedOut")


def test_a_body_that_heard_of_its_limit_has_a_moment_to_end(
    worker_id: int, threads: dict[object, Entry], settings: Settings
) -> None:
    [claim] = held(worker_id, 1)
    settings.BACKLINE_KILL_GRACE_S = 5
    threads["one"] = past_its_limit(claim, 4)
    DeafBodies(Slate()).end_overdue()
    assert state_of(claim.id) == State.RUNNING


def test_its_neighbours_go_on_elsewhere_and_nothing_is_held_against_them(
    worker_id: int, threads: dict[object, Entry]
) -> None:
    first, deaf, last = held(worker_id, 3)
    [other] = held(worker_id, 1)
    threads["one"] = past_its_limit(deaf, 60)
    DeafBodies(Slate()).end_overdue()
    for beside in (first, last):
        assert (state_of(beside.id), row_of(beside.id)["failures"]) == (State.READY, 0)
        assert steps.stands_in_line(beside.id)
    assert state_of(deaf.id) == State.RETRYING
    assert state_of(other.id) == State.RUNNING, "another thread's"
    steps.assert_nothing_is_lost()


def test_each_is_ended_once_and_one_that_ended_meanwhile_is_left_alone(
    worker_id: int, threads: dict[object, Entry]
) -> None:
    ended, deaf = held(worker_id, 1) + held(worker_id, 1)
    assert transitions.succeed(ended, 1)
    threads |= {"one": past_its_limit(ended, 60), "two": past_its_limit(deaf, 60)}
    look = DeafBodies(Slate())
    look.end_overdue()
    steps.released(deaf.id)
    again = steps.claimed(deaf.id, worker_id)
    look.end_overdue()
    assert (state_of(ended.id), state_of(deaf.id)) == (State.SUCCEEDED, State.RUNNING)
    assert transitions.succeed(again, 1)
    assert len(look._ended) == 2
    threads.clear()
    look.end_overdue()
    assert not look._ended


def test_one_whose_body_holds_its_row_is_ended_when_it_lets_go(
    committed: None, monkeypatch: pytest.MonkeyPatch, threads: dict[object, Entry]
) -> None:
    worker_id = steps.a_worker()
    monkeypatch.setattr(process, "_worker_id", worker_id)
    [claim] = held(worker_id, 1)
    threads["one"] = past_its_limit(claim, 60)
    look = DeafBodies(Slate())
    with steps.another_session() as body:
        body.do(lambda: transaction.set_autocommit(False))
        body.do(lambda: Job.objects.select_for_update().get(pk=claim.id))
        look.end_overdue()
        assert state_of(claim.id) == State.RUNNING
        body.do(transaction.rollback)
        body.do(lambda: transaction.set_autocommit(True))
    look.end_overdue()
    assert state_of(claim.id) == State.RETRYING


def test_so_ends_the_job_of_a_worker_s_own_main_thread(worker_id: int) -> None:
    [claim] = held(worker_id, 1)
    slate = Slate()
    late = past_its_limit(claim, 60)
    slate.show(claim.lease, claim.id, late.since, late.until)
    DeafBodies(slate).end_overdue()
    assert state_of(claim.id) == State.RETRYING
