"""A job that waits for others starts once, when all of them have ended, whatever dies; and not before."""

from collections.abc import Callable
from uuid import UUID

import pytest
from celery import chord

from apps.jobs import Context, batch, enqueue, job, transitions
from apps.jobs.kinds.unique import Unique
from apps.jobs.models import Batch, Job
from apps.jobs.operating import why
from apps.jobs.operating.cancel import retry_now, sleeping
from apps.jobs.operating.job_filter import JobFilter
from apps.jobs.operating.why import why_waiting
from apps.jobs.registry import UnknownKind
from apps.jobs.states import ENDED, State
from tests.jobs import steps
from tests.jobs.canvas_steps import run_once
from tests.jobs.steps import state_of
from tests.jobs.waiting_batches import end, looked, opened
from tests.kinds.add import add
from tests.kinds.canvas import plus, swap, total

pytestmark = pytest.mark.django_db


def test_it_starts_when_the_last_has_ended_however_each_did() -> None:
    waiting, jobs = opened()
    for job_id, how in zip(jobs, (State.SUCCEEDED, State.DEAD, State.CANCELLED), strict=True):
        assert looked() == 0
        assert state_of(waiting) == State.SCHEDULED
        end(job_id, how)
    assert looked() == 1
    assert state_of(waiting) == State.READY
    assert steps.stands_in_line(waiting)
    assert looked() == 0
    steps.assert_nothing_is_lost()


def test_one_that_ends_before_those_in_front_of_it_is_seen_as_well() -> None:
    waiting, jobs = opened()
    for job_id in reversed(jobs):
        assert looked() == 0
        end(job_id)
    assert looked() == 1
    assert state_of(waiting) == State.READY


def test_they_are_its_children_and_it_is_a_child_of_the_job_that_opened_the_batch() -> None:
    claim = steps.running()
    ctx = Context(claim)
    with ctx.batch("kinds.add", a=1) as waiting:
        jobs = [ctx.spawn("kinds.add", a=1), add.delay(2).id, enqueue("kinds.add", a=3)]
    assert {str(steps.row_of(UUID(str(job_id)))["parent_id"]) for job_id in jobs} == {str(waiting)}
    assert steps.row_of(waiting)["parent_id"] == claim.id


def test_its_body_can_count_how_they_ended() -> None:
    waiting, jobs = opened(4)
    for job_id, how in zip(jobs, (State.SUCCEEDED, State.SUCCEEDED, State.DEAD), strict=False):
        end(job_id, how)
    end(jobs[3], State.CANCELLED)
    looked()
    counts = Context(steps.claimed(waiting, steps.a_worker())).children()
    assert counts == {"succeeded": 2, "dead": 1, "cancelled": 1}


def test_one_without_jobs_starts_at_once() -> None:
    waiting, _ = opened(0)
    assert looked() == 1
    assert state_of(waiting) == State.READY


def test_a_batch_within_a_batch_is_waited_for_to_its_end() -> None:
    with batch("kinds.add", a=1) as outer, batch("kinds.add", a=2) as inner:
        part = enqueue("kinds.add", a=3)
    end(part)
    assert looked() == 1
    assert (state_of(outer), state_of(inner)) == (State.SCHEDULED, State.READY)
    end(inner)
    assert looked() == 1
    assert state_of(outer) == State.READY


@pytest.mark.parametrize(
    ("make", "jobs"),
    [
        ((plus.s(1, 1) | plus.s(2) | plus.s(3)).apply_async, 3),
        (lambda: chord([plus.s(1, 1), plus.s(2, 2)])(total.s()), 3),
        (lambda: plus.apply_async((1, 1), link=plus.s(2)), 2),
        (lambda: swap.delay(1), 3),
    ],
    ids=["chain", "chord", "link", "replace"],
)
def test_a_canvas_in_a_batch_is_waited_for_to_its_end(make: Callable[[], object], jobs: int) -> None:
    with batch("kinds.add", a=1) as waiting:
        make()
    while run_once():
        alive = Job.objects.filter(parent_id=waiting).exclude(state__in=ENDED).exists()
        assert looked() == (0 if alive else 1)
        if not alive:
            break
    assert Job.objects.filter(parent_id=waiting, state=State.SUCCEEDED).count() == jobs
    assert state_of(waiting) == State.READY


def test_one_that_was_passed_and_lives_again_is_waited_for() -> None:
    waiting, jobs = opened()
    end(jobs[0], State.DEAD)
    assert looked() == 0
    assert transitions.replay([jobs[0]]) == [jobs[0]]
    for job_id in jobs[1:]:
        end(job_id)
    assert looked() == 0
    end(jobs[0])
    assert looked() == 1
    assert state_of(waiting) == State.READY


def test_one_that_was_released_early_and_sleeps_for_itself_is_not_woken() -> None:
    waiting, jobs = opened(1)
    transitions.release_now([waiting])
    transitions.retry(steps.claimed(waiting, steps.a_worker()), steps.TROUBLE, steps.HOUR)
    end(jobs[0])
    assert looked() == 0
    assert state_of(waiting) == State.RETRYING
    assert not Batch.objects.exists()


def test_nothing_is_enqueued_when_the_block_fails() -> None:
    with pytest.raises(ZeroDivisionError), batch("kinds.add", a=1):
        enqueue("kinds.add", a=1 // 0)
    assert not Job.objects.exists()
    assert not Batch.objects.exists()


def test_what_cannot_follow_is_refused_before_anything_is_enqueued() -> None:
    job("odd.only_once", unique=Unique())(_nothing)
    for then, kwargs, error in (
        ("odd.nobody", {}, UnknownKind),
        ("kinds.add", {"b": 1}, TypeError),
        ("odd.only_once", {}, TypeError),
    ):
        with pytest.raises(error), batch(then, **kwargs):
            enqueue("kinds.add", a=1)
    assert not Job.objects.exists()


def test_its_kind_s_time_to_start_does_not_count_while_it_waits() -> None:
    job("odd.soon_or_never", expires=steps.HOUR)(_nothing)
    with batch("odd.soon_or_never") as waiting:
        enqueue("kinds.add", a=1)
    assert steps.row_of(waiting)["expires_at"] is None


@pytest.mark.parametrize("how", ["cancelled", "released"])
def test_a_person_who_does_not_wait_ends_the_waiting_and_it_starts_no_second_time(how: str) -> None:
    waiting, jobs = opened(1)
    if how == "cancelled":
        transitions.cancel(waiting)
    else:
        assert transitions.release_now([waiting]) == [waiting]
        end(waiting)
    before = state_of(waiting)
    end(jobs[0])
    looked()
    assert state_of(waiting) == before
    assert not Batch.objects.exists()


def test_it_says_for_how_many_it_waits() -> None:
    waiting, jobs = opened(2)
    assert why_waiting(waiting) == "2 jobs of its batch have not ended yet."
    end(jobs[0])
    assert why_waiting(waiting) == "1 job of its batch has not ended yet."
    end(jobs[1])
    assert why_waiting(waiting) == "Its batch has ended; the keeper queues it soon."


def test_it_says_so_when_only_the_next_jobs_of_its_batch_were_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(why, "_COUNT_TO", 2)
    waiting, jobs = opened(4)
    assert why_waiting(waiting) == "At least 2 jobs of its batch have not ended yet."
    for job_id in jobs[:2]:
        end(job_id)
    assert why_waiting(waiting) == "The keeper looks through its batch; it starts when all of it has ended."


def test_all_that_sleep_are_run_now_but_those_that_wait_for_a_batch_unless_named() -> None:
    waiting, _ = opened(1)
    sleeps = steps.enqueued(delay=steps.HOUR)
    assert retry_now(JobFilter(kind="kinds.add"), actor=None) == 1
    assert (state_of(waiting), state_of(sleeps)) == (State.SCHEDULED, State.READY)
    assert sleeping(JobFilter(kind="kinds.add")).jobs().count() == 0
    assert retry_now(JobFilter(ids=(waiting,)), actor=None) == 1


def _nothing() -> None:
    """Do nothing."""
