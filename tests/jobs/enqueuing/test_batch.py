"""A job that waits for others starts once, when all of them have ended, whatever dies; and not before."""

from collections.abc import Callable
from uuid import UUID

import pytest
from celery import chord
from django.db import connection, transaction
from django.db.models import F

from apps.jobs import Context, batch, enqueue, enqueue_many, job, sql, transitions
from apps.jobs.keeper import batches
from apps.jobs.keeper.batches import end_batches
from apps.jobs.kinds.unique import Unique
from apps.jobs.models import Batch, Job, Unsettled
from apps.jobs.operating import why
from apps.jobs.operating.cancel import retry_now, sleeping
from apps.jobs.operating.job_filter import JobFilter
from apps.jobs.operating.why import why_waiting
from apps.jobs.registry import UnknownKind
from apps.jobs.running.settle import settle_ended
from apps.jobs.states import ENDED, State
from apps.lib.ids import new_id
from tests.jobs import steps
from tests.jobs.canvas_steps import run_once
from tests.jobs.steps import state_of
from tests.kinds.add import add
from tests.kinds.canvas import boom, note, plus, swap, total
from tests.local.waiting import wait_until

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let one call look until there is nothing to look at."""
    monkeypatch.setattr(batches, "_AT_A_STRETCH_S", 60.0)


def opened(count: int = 3) -> tuple[UUID, list[UUID]]:
    """Open a batch of so many jobs; return the job that waits, and those."""
    with batch("kinds.add", a=100) as waiting:
        jobs = [enqueue("kinds.add", a=number) for number in range(count)]
    return waiting, jobs


def end(job_id: UUID, how: State = State.SUCCEEDED) -> None:
    """Let a job end in a state."""
    claim = steps.claimed(job_id, steps.a_worker())
    match how:
        case State.SUCCEEDED:
            transitions.succeed(claim, None)
        case State.DEAD:
            transitions.bury(claim, steps.TROUBLE, {})
        case State.CANCELLED:
            transitions.stop(claim)


def looked() -> int:
    """Let the time of the next look come, and look."""
    Batch.objects.update(look_at=F("look_at") - steps.HOUR)
    return end_batches()


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
    assert end_batches() == 1
    assert state_of(waiting) == State.READY


@pytest.mark.parametrize("jobs", [2, 3, 5])
def test_one_of_more_than_a_look_can_hold_is_read_through_in_parts(
    monkeypatch: pytest.MonkeyPatch, jobs: int
) -> None:
    monkeypatch.setattr(batches, "_JOBS", 2)
    with batch("kinds.add", a=1) as waiting:
        assert enqueue_many("kinds.add", [(number,) for number in range(jobs)]) == jobs
    for job_id in Job.objects.filter(parent_id=waiting).values_list("id", flat=True):  # the first ends last
        assert looked() == 0
        end(job_id)
    assert looked() == 1


def test_what_follows_in_front_of_a_place_that_was_passed_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(batches, "_JOBS", 2)
    given_before = new_id()  # as the body of a chord has it
    waiting, jobs = opened(3)
    for job_id in jobs[:2]:
        end(job_id)
    Batch.objects.update(look_at=F("look_at") - steps.HOUR)
    assert batches._look() == (0, True)
    end(jobs[2])
    steps.in_line(id=given_before, parent_id=waiting)
    assert looked() == 0
    assert state_of(waiting) == State.SCHEDULED
    end(given_before)
    assert looked() == 1


def test_one_that_was_passed_and_ends_again_is_another_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "_JOBS", 2)
    given_before = new_id()
    waiting, jobs = opened(3)
    for job_id in jobs:
        end(job_id, State.DEAD)
    Batch.objects.update(look_at=F("look_at") - steps.HOUR)
    while Batch.objects.filter(met_before=None).exists():
        batches._look()
    assert batches._look() == (0, True), "on its second way, behind the first two"
    assert transitions.replay([jobs[2]]) == [jobs[2]]
    end(jobs[2])
    steps.in_line(id=given_before, parent_id=waiting)
    assert looked() == 0
    end(given_before)
    assert looked() == 1


@pytest.mark.parametrize("jobs", [1, 3])
def test_who_is_called_when_one_fails_is_waited_for_also_when_others_ended_it(
    monkeypatch: pytest.MonkeyPatch, jobs: int
) -> None:
    monkeypatch.setattr(batches, "_JOBS", 2)
    with batch("kinds.add", a=1) as waiting:
        parts = [boom.apply_async(link_error=note.s()).id for _ in range(jobs)]
    for part in parts:
        end(UUID(part), State.CANCELLED)  # as a person, a rescue or an expiry does: nobody was told yet
    Unsettled.objects.update(due_at=F("due_at") - steps.HOUR)
    assert looked() == 0
    assert settle_ended() == jobs
    for called in Job.objects.filter(parent_id=waiting, kind=note.name).values_list("id", flat=True):
        assert looked() == 0
        end(called)
    assert looked() == 1


def test_who_cannot_be_told_for_minutes_is_not_waited_for() -> None:
    with batch("kinds.add", a=1):
        part = boom.apply_async(link_error=note.s()).id
    end(UUID(part), State.CANCELLED)
    Unsettled.objects.update(tries=4)
    assert looked() == 0
    Unsettled.objects.update(tries=5)
    assert looked() == 1


def test_looks_go_on_while_there_are_more_than_one_can_hold_and_share_its_rows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(batches, "_BATCHES", 2)
    monkeypatch.setattr(batches, "_ROWS", 8)
    waiting = [opened(4) for _ in range(5)]
    assert looked() == 0
    assert not Batch.objects.filter(looks=0).exists()
    for _, jobs in waiting:
        for job_id in jobs:
            end(job_id)
    assert looked() == 5


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


def test_one_that_somebody_holds_is_left_for_the_next_look(committed: None) -> None:
    waiting, jobs = opened(1)
    end(jobs[0])
    with steps.another_session() as other:
        with transaction.atomic():
            Job.objects.select_for_update().get(id=waiting)
            assert other.start(looked).result(timeout=60) == 0
        assert other.start(looked).result(timeout=60) == 1


def test_a_clock_that_is_set_back_holds_up_no_batch() -> None:
    _, jobs = opened(1)
    end(jobs[0])
    Batch.objects.update(look_at=F("look_at") + steps.HOUR)
    assert end_batches() == 0
    sql.run("start_anew", {"jumped": True})
    assert end_batches() == 1


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
    assert why_waiting(waiting) == "Its batch has ended; the keeper puts it in line soon."


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


def test_each_look_comes_a_little_later_and_five_seconds_at_most() -> None:
    opened()
    waits = []
    for _ in range(30):
        looked()
        with connection.cursor() as cursor:
            cursor.execute("SELECT extract(epoch FROM look_at - clock_timestamp()) FROM jobs_batch")
            waits.append(float(cursor.fetchone()[0]))
    assert waits[0] <= 0.4
    assert 1 < waits[-1] <= 5


def test_of_two_keepers_at_once_one_starts_it(committed: None) -> None:
    waiting, jobs = opened(1)
    end(jobs[0])
    Batch.objects.update(look_at=F("look_at") - steps.HOUR)
    with steps.another_session() as other:
        with transaction.atomic():
            assert end_batches() == 1
            assert other.start(end_batches).result(timeout=60) == 0
        assert other.start(end_batches).result(timeout=60) == 0
    assert state_of(waiting) == State.READY


def test_a_keeper_that_dies_half_way_leaves_it_to_the_next(
    committed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting, jobs = opened(1)
    end(jobs[0])
    with monkeypatch.context() as patched:
        patched.setattr(transitions, "release_now", _dies)
        with pytest.raises(SystemExit):
            end_batches()
    assert Batch.objects.exists()
    wait_until(end_batches)
    assert state_of(waiting) == State.READY


def _dies(_: object) -> list[UUID]:
    raise SystemExit


def _nothing() -> None:
    """Do nothing."""
