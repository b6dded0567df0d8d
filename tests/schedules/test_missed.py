"""What becomes of moments that nobody took, by policy."""

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from django.utils import timezone
from django_celery_beat.models import ClockedSchedule, PeriodicTask

from apps.schedules import inbox
from apps.schedules.fire import fire
from apps.schedules.models import Moment, Plan, Policy
from apps.schedules.plan import plan
from tests.schedules.conftest import jobs_of, plan_of

pytestmark = pytest.mark.django_db
Make = Callable[..., PeriodicTask]
Outcome = Moment.Outcome
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def an_absence(schedule: PeriodicTask, *, hours: int = 5, **policy: object) -> datetime:
    """Let all beats have been away since the first of so many hourly moments; return it."""
    Policy.objects.create(schedule=schedule, **policy)
    plan()
    now = timezone.now()
    # the last moment is half an hour ago whatever the clock shows
    first = now - hours * HOUR + 30 * MINUTE
    Plan.objects.filter(pk=schedule.pk).update(next_at=first)
    return first


def outcomes_of(schedule: PeriodicTask) -> list[str]:
    """Return what came of a schedule's moments, in their order."""
    return list(schedule.moments.order_by("at").values_list("outcome", flat=True))


def test_the_latest_runs_unless_somebody_chose_otherwise(every: Make) -> None:
    schedule = every(3600)
    first = an_absence(schedule)
    fire("here:1")
    [moment] = schedule.moments.all()
    assert (moment.outcome, moment.at, moment.missed_since) == (Outcome.RAN, first + 4 * HOUR, first)
    assert len(jobs_of(schedule)) == 1


def test_skipped_moments_are_one_entry_that_says_since_when(every: Make) -> None:
    schedule = every(3600)
    first = an_absence(schedule, missed=Policy.Missed.SKIP)
    fire("here:1")
    [moment] = schedule.moments.all()
    assert (moment.outcome, moment.at, moment.missed_since) == (Outcome.MISSED, first + 4 * HOUR, first)
    assert moment.job_id is None
    assert plan_of(schedule).next_at == first + 5 * HOUR
    schedule.refresh_from_db()
    assert schedule.total_run_count == 0


def test_a_moment_that_is_due_now_runs_though_others_before_it_are_skipped(every: Make) -> None:
    schedule = every(3600)
    first = an_absence(schedule, missed=Policy.Missed.SKIP)
    Plan.objects.update(next_at=first - 30 * MINUTE - timedelta(seconds=2))
    fire("here:1")
    [moment] = schedule.moments.all()
    assert (moment.outcome, moment.missed_since) == (Outcome.RAN, first - 30 * MINUTE - timedelta(seconds=2))


def test_all_of_them_run_in_order_up_to_the_cap(every: Make) -> None:
    few, many = every(3600), every(3600)
    first = an_absence(few, missed=Policy.Missed.ALL)
    capped = an_absence(many, hours=30, missed=Policy.Missed.ALL, missed_cap=3)
    fire("here:1")
    assert [moment.at for moment in few.moments.order_by("at")] == [first + n * HOUR for n in range(5)]
    assert [job.id for job in jobs_of(few)] == sorted(job.id for job in jobs_of(few))
    assert not few.moments.filter(missed_since__isnull=False).exists()
    assert [moment.at for moment in many.moments.order_by("at")] == [capped + n * HOUR for n in (27, 28, 29)]
    assert many.moments.earliest("at").missed_since == capped
    assert (len(jobs_of(few)), len(jobs_of(many))) == (5, 3)
    few.refresh_from_db()
    assert few.total_run_count == 5
    assert plan_of(few).next_at == first + 5 * HOUR


def test_missed_moments_of_a_crontab_run_all_as_well(at: Make) -> None:
    schedule = at("*/20 * * * *")
    Policy.objects.create(schedule=schedule, missed=Policy.Missed.ALL, missed_cap=4)
    plan()
    start = (timezone.now() - timedelta(days=40)).replace(minute=0, second=0, microsecond=0)
    Plan.objects.update(next_at=start)
    fire("here:1")
    taken = [moment.at for moment in schedule.moments.order_by("at")]
    assert [b - a for a, b in pairwise(taken)] == [20 * MINUTE] * 3
    assert timedelta() <= timezone.now() - taken[-1] < 21 * MINUTE


def test_asking_puts_them_into_the_inbox_where_they_run_once_or_are_declined(every: Make) -> None:
    schedule = every(3600, kwargs='{"a": 7}')
    an_absence(schedule, missed=Policy.Missed.ASK)
    fire("here:1")
    assert outcomes_of(schedule) == [Outcome.ASKED] * 5
    assert jobs_ran(schedule) == 0
    ids = list(schedule.moments.order_by("at").values_list("pk", flat=True))
    assert inbox.run(ids[:2], owner_id=None) == 2
    assert inbox.run(ids[:3], owner_id=None) == 1
    assert inbox.decline(ids) == 2
    assert inbox.decline(ids) == 0
    assert outcomes_of(schedule) == [Outcome.RAN] * 3 + [Outcome.DECLINED] * 2
    ran = [moment.job_id for moment in schedule.moments.exclude(job_id=None)]
    assert len(set(ran)) == jobs_ran(schedule) == 3


def test_a_missed_moment_whose_schedule_is_gone_cannot_run_and_says_so(every: Make) -> None:
    kept, gone = every(3600), every(3600)
    an_absence(kept, missed=Policy.Missed.ASK)
    an_absence(gone, missed=Policy.Missed.ASK)
    fire("here:1")
    gone.delete()
    ids = list(Moment.objects.values_list("pk", flat=True))
    with pytest.raises(inbox.Gone, match="deleted"):
        inbox.run(ids, owner_id=None)
    assert set(Moment.objects.values_list("outcome", flat=True)) == {Outcome.ASKED}
    assert inbox.decline(ids) == 10


def test_a_missed_clocked_time_follows_the_policy_too() -> None:
    outcomes = {}
    for missed in Policy.Missed:
        clocked = ClockedSchedule.objects.create(clocked_time=timezone.now() - HOUR)
        schedule = PeriodicTask.objects.create(
            name=missed, task="kinds.add", kwargs='{"a": 1}', clocked=clocked, one_off=True
        )
        Policy.objects.create(schedule=schedule, missed=missed)
        plan()
        fire("here:1")
        outcomes[missed] = outcomes_of(schedule)
        assert plan_of(schedule).next_at is None
    assert outcomes == {"latest": ["ran"], "skip": ["missed"], "all": ["ran"], "ask": ["asked"]}


def jobs_ran(schedule: PeriodicTask) -> int:
    """Count the runs that the schedule was counted for, which are its jobs."""
    schedule.refresh_from_db()
    return int(schedule.total_run_count)
