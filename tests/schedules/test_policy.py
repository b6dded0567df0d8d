"""What an admin decides beyond the timing: pause, jitter, how often, how long a job may wait."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from apps.jobs.models import Job
from apps.jobs.states import State
from apps.schedules.fire import fire
from apps.schedules.models import Plan, Policy
from apps.schedules.plan import plan
from tests.schedules.conftest import came_due, jobs_of, next_of, plan_of

pytestmark = pytest.mark.django_db
Make = Callable[..., PeriodicTask]
HOUR = timedelta(hours=1)


def test_a_paused_schedule_comes_again_at_its_first_moment_after_the_pause(every: Make, at: Make) -> None:
    until = (timezone.now() + 50 * HOUR).replace(minute=10, second=0, microsecond=0)
    start = timezone.now().replace(minute=5, second=0, microsecond=0) - 100 * HOUR
    crontab, interval, grid = at("20 * * * *"), every(3600), every(3600, start_time=start)
    plan()
    for schedule in (crontab, interval, grid):
        Policy.objects.create(schedule=schedule, paused_until=until)
    assert plan() == 3
    assert next_of(crontab) == until.replace(minute=20)
    assert next_of(interval) == until
    assert next_of(grid) == until.replace(minute=5) + HOUR


def test_a_pause_that_is_lifted_is_lifted_at_once(every: Make) -> None:
    schedule = every(60)
    policy = Policy.objects.create(schedule=schedule, paused_until=timezone.now() + 50 * HOUR)
    plan()
    Policy.objects.filter(pk=policy.pk).update(paused_until=None)
    assert plan() == 1
    assert next_of(schedule) < timezone.now() + timedelta(seconds=61)


def test_a_pause_that_is_over_changes_nothing_more(every: Make) -> None:
    schedule = every(3600)
    Policy.objects.create(schedule=schedule, paused_until=timezone.now() - HOUR)
    plan()
    assert next_of(schedule) > timezone.now() + HOUR - timedelta(seconds=9)


def test_every_way_of_editing_a_policy_is_seen(every: Make) -> None:
    schedule = every(60)
    plan()

    def marked() -> bool:
        is_marked = plan_of(schedule).edited
        plan()
        return is_marked

    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO schedules_policy (schedule_id, jitter_s) VALUES (%s, 5)", [schedule.pk])
    assert marked()
    Policy.objects.filter(pk=schedule.pk).update(jitter_s=6)
    assert marked()
    Policy.objects.filter(pk=schedule.pk).delete()
    assert marked()
    assert not marked()


def test_a_policy_goes_with_its_schedule(every: Make) -> None:
    schedule = every(60)
    Policy.objects.create(schedule=schedule)
    PeriodicTask.objects.filter(pk=schedule.pk).delete()
    assert not Policy.objects.exists()


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"missed": "perhaps"}, "missed_moments_have_a_policy"),
        ({"overlap": "perhaps"}, "overlaps_have_a_policy"),
        ({"missed_cap": 0}, "missed_moments_are_capped"),
        ({"missed_cap": 1001}, "missed_moments_are_capped"),
        ({"jitter_s": 86_401}, "jitter_is_at_most_a_day"),
    ],
)
def test_the_database_refuses_a_policy_that_makes_no_sense(
    every: Make, fields: dict[str, object], constraint: str
) -> None:
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Policy.objects.create(schedule=every(60), **fields)


def test_a_schedule_switches_itself_off_after_its_last_run(every: Make) -> None:
    schedule = every(1)
    Policy.objects.create(schedule=schedule, max_runs=3)
    came_due(schedule, timedelta(seconds=10))
    while fire("here:1"):
        plan()
    schedule.refresh_from_db()
    assert (len(jobs_of(schedule)), schedule.total_run_count, schedule.enabled) == (3, 3, False)
    assert plan_of(schedule).next_at is None
    PeriodicTask.objects.filter(pk=schedule.pk).update(enabled=True)
    plan()
    assert plan_of(schedule).next_at is None
    Policy.objects.filter(pk=schedule.pk).update(max_runs=4)
    plan()
    assert plan_of(schedule).next_at is not None


def test_missed_moments_do_not_run_more_often_than_is_left(every: Make) -> None:
    schedule = every(3600)
    Policy.objects.create(schedule=schedule, max_runs=2, missed=Policy.Missed.ALL)
    plan()
    Plan.objects.update(next_at=timezone.now() - 5 * HOUR)
    fire("here:1")
    schedule.refresh_from_db()
    assert (len(jobs_of(schedule)), schedule.enabled) == (2, False)


def test_jitter_moves_the_job_and_not_the_moment(every: Make) -> None:
    schedules = [every(60) for _ in range(5)]
    for schedule in schedules:
        Policy.objects.create(schedule=schedule, jitter_s=3600)
    moments = [came_due(schedule) for schedule in schedules]
    fire("here:1")
    assert [schedule.moments.get().at for schedule in schedules] == moments
    starts = {job.run_after for job in Job.objects.all()}
    assert len(starts) == 5
    assert all(job.state == State.SCHEDULED for job in Job.objects.all())
    assert all(start and start <= timezone.now() + HOUR for start in starts)


def test_expire_seconds_is_how_long_the_job_may_wait(every: Make) -> None:
    schedule = every(60, expire_seconds=90)
    came_due(schedule)
    fire("here:1")
    [job] = jobs_of(schedule)
    assert job.expires_at is not None
    assert abs(job.expires_at - job.enqueued_at - timedelta(seconds=90)) < timedelta(seconds=1)
