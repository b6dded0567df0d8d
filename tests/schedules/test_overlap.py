"""What becomes of a moment while a job of an earlier one has not ended, by policy."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django_celery_beat.models import PeriodicTask

from apps.jobs import Unique, job, transitions
from apps.jobs.models import Action, Job
from apps.jobs.states import State
from apps.jobs.transitions import Success
from apps.schedules.fire import fire
from apps.schedules.models import Moment, Plan, Policy
from apps.schedules.plan import plan
from apps.schedules.waiting import start_waiting
from tests.jobs import steps
from tests.schedules.conftest import came_due

pytestmark = pytest.mark.django_db
Make = Callable[..., PeriodicTask]
Outcome = Moment.Outcome


@job("odd.once_a_day", unique=Unique(within=timedelta(days=1)))
def once_a_day(a: int) -> None:
    """Run once a day, however often it is asked for."""


def comes(schedule: PeriodicTask) -> Moment:
    """Let the next moment come; return what was made of it."""
    came_due(schedule)
    fire("here:1")
    return Moment.objects.filter(schedule=schedule).latest("id")


def job_of(moment: Moment) -> Job:
    """Return the job of a moment that has one."""
    assert moment.job_id is not None
    return Job.objects.get(id=moment.job_id)


def ends(moment: Moment) -> None:
    """Let the job of a moment run and end."""
    claim = steps.claimed(job_of(moment).id, steps.a_worker())
    transitions.finish([Success(claim)])


def test_jobs_run_beside_one_another_unless_somebody_chose_otherwise(every: Make) -> None:
    schedule = every(60)
    assert [comes(schedule).outcome for _ in range(3)] == [Outcome.RAN] * 3
    assert Job.objects.count() == 3


def test_a_moment_is_skipped_while_the_last_job_has_not_ended(every: Make) -> None:
    schedule, other = every(60), every(60)
    for one in (schedule, other):
        Policy.objects.create(schedule=one, overlap=Policy.Overlap.SKIP)
    first = comes(schedule)
    assert comes(other).outcome == Outcome.RAN, "another schedule's job is in nobody's way"
    skipped = comes(schedule)
    assert (first.outcome, skipped.outcome, skipped.job_id) == (Outcome.RAN, Outcome.OVERLAPPED, None)
    ends(first)
    assert comes(schedule).outcome == Outcome.RAN
    schedule.refresh_from_db()
    assert schedule.total_run_count == 2


def test_one_waits_until_the_last_has_ended_and_no_second_one_does(every: Make) -> None:
    schedule = every(60, kwargs='{"a": 4}')
    Policy.objects.create(schedule=schedule, overlap=Policy.Overlap.QUEUE_ONE)
    first, waits, skipped = comes(schedule), comes(schedule), comes(schedule)
    assert [first.outcome, waits.outcome, skipped.outcome] == [Outcome.RAN, Outcome.WAITS, Outcome.OVERLAPPED]
    assert start_waiting() == 0
    ends(first)
    assert start_waiting() == 1
    assert start_waiting() == 0
    waits.refresh_from_db()
    job = job_of(waits)
    assert (waits.outcome, job.args, job.trigger) == (Outcome.RAN, {"a": 4}, "schedule")
    assert comes(schedule).outcome == Outcome.WAITS
    schedule.refresh_from_db()
    assert schedule.total_run_count == 2


@pytest.mark.parametrize("how", ["switched off", "deleted", "broken"])
def test_what_waits_is_passed_over_when_its_schedule_cannot_start_it_any_more(every: Make, how: str) -> None:
    schedule = every(60)
    Policy.objects.create(schedule=schedule, overlap=Policy.Overlap.QUEUE_ONE)
    first, waits = comes(schedule), comes(schedule)
    chosen = PeriodicTask.objects.filter(pk=schedule.pk)
    match how:
        case "switched off":
            chosen.update(enabled=False)
        case "deleted":
            chosen.delete()
        case "broken":
            chosen.update(kwargs="{")
    ends(first)
    assert start_waiting() == 1
    waits.refresh_from_db()
    assert (waits.outcome, waits.job_id) == (Outcome.OVERLAPPED, None)
    assert Job.objects.count() == 1


def test_the_previous_job_is_cancelled_and_the_log_says_who_did_it(every: Make) -> None:
    schedule = every(60, name="nightly")
    Policy.objects.create(schedule=schedule, overlap=Policy.Overlap.CANCEL_PREVIOUS)
    first = comes(schedule)
    second = comes(schedule)
    assert second.outcome == Outcome.RAN
    assert job_of(first).state == State.CANCELLED
    assert job_of(second).state != State.CANCELLED
    [action] = Action.objects.all()
    assert (action.verb, action.actor_name, action.count) == ("cancel", "schedule nightly", 1)


def test_a_moment_that_was_taken_before_cancels_nothing(every: Make) -> None:
    schedule = every(60)
    Policy.objects.create(schedule=schedule, overlap=Policy.Overlap.CANCEL_PREVIOUS)
    first = comes(schedule)
    plan()
    Plan.objects.filter(pk=schedule.pk).update(next_at=first.at)
    fire("here:2")
    assert job_of(first).state != State.CANCELLED
    assert Job.objects.count() == 1


def test_missed_moments_that_all_run_keep_to_the_overlap_too(every: Make) -> None:
    schedule = every(600)
    Policy.objects.create(schedule=schedule, missed=Policy.Missed.ALL, overlap=Policy.Overlap.QUEUE_ONE)
    came_due(schedule, timedelta(minutes=45))
    fire("here:1")
    outcomes = list(schedule.moments.order_by("at").values_list("outcome", flat=True))
    assert outcomes == [Outcome.RAN, Outcome.WAITS, *[Outcome.OVERLAPPED] * 3]


def test_a_moment_of_a_unique_kind_names_the_job_that_there_is_and_the_next_gives_it_way(every: Make) -> None:
    schedule = every(600, task="odd.once_a_day")
    cancels = Policy.Overlap.CANCEL_PREVIOUS
    Policy.objects.create(schedule=schedule, missed=Policy.Missed.ALL, overlap=cancels)
    there = once_a_day.delay(1).id
    came_due(schedule, timedelta(minutes=15))
    fire("here:1")
    first, second = schedule.moments.order_by("at")
    assert str(first.job_id) == there
    assert job_of(first).state == State.CANCELLED
    assert second.outcome == Outcome.RAN
