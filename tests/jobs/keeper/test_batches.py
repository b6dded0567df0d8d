"""The keeper looks at batches in parts, in turns and beside others, and starts none too early."""

from uuid import UUID

import pytest
from django.db import connection, transaction
from django.db.models import F

from apps.jobs import batch, enqueue_many, sql, stretch, transitions
from apps.jobs.keeper import batches
from apps.jobs.keeper.batches import end_batches
from apps.jobs.models import Batch, Job, Unsettled
from apps.jobs.running.settle import settle_ended
from apps.jobs.states import State
from apps.lib.ids import new_id
from tests.jobs import steps
from tests.jobs.steps import state_of
from tests.jobs.waiting_batches import end, looked, opened
from tests.kinds.canvas import boom, note
from tests.local.waiting import wait_until

pytestmark = pytest.mark.django_db


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
    monkeypatch.setattr(stretch, "_AT_A_STRETCH_S", 60.0)
    waiting = [opened(4) for _ in range(5)]
    assert end_batches() == 0
    assert not Batch.objects.filter(looks=0).exists()
    for _, jobs in waiting:
        for job_id in jobs:
            end(job_id)
    assert looked() == 5


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
