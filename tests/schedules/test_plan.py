"""What beat works out when a schedule is new or edited, in whatever way."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
)

from apps.schedules import sql
from apps.schedules.models import Plan
from apps.schedules.plan import BATCH, plan
from tests.schedules.conftest import next_of, plan_of

pytestmark = pytest.mark.django_db
Make = Callable[..., PeriodicTask]
SOON = timedelta(seconds=5)


def test_a_new_interval_runs_one_step_from_now(every: Make) -> None:
    schedule = every(90, "minutes")
    assert plan() == 1
    assert abs(next_of(schedule) - timezone.now() - timedelta(minutes=90)) < SOON
    assert plan() == 0


def test_a_start_in_the_future_is_the_first_moment(every: Make, at: Make) -> None:
    start = (timezone.now() + timedelta(days=3)).replace(minute=0, second=0, microsecond=0)
    interval, crontab = every(start_time=start), at("0 * * * *", start_time=start)
    plan()
    assert plan_of(interval).next_at == plan_of(crontab).next_at == start


def test_a_start_in_the_past_is_the_grid_of_an_interval(every: Make) -> None:
    start = timezone.now() - timedelta(days=1, minutes=7)
    schedule = every(10, "minutes", start_time=start)
    plan()
    moment = next_of(schedule)
    assert (moment - start) % timedelta(minutes=10) == timedelta()
    assert timedelta() < moment - timezone.now() <= timedelta(minutes=10)


def test_a_schedule_that_expires_first_never_runs(every: Make) -> None:
    schedule = every(60, expires=timezone.now() + timedelta(seconds=30))
    plan()
    assert plan_of(schedule).next_at is None
    assert plan_of(schedule).problem == ""


def test_every_way_of_editing_is_seen(every: Make, at: Make) -> None:
    by_update, by_crontab, by_interval, by_sql, by_save = every(), at("0 0 * * *"), every(), every(), every()
    unmoved = every()
    plan()
    before = {one.pk: plan_of(one).next_at for one in PeriodicTask.objects.all()}
    PeriodicTask.objects.filter(pk=by_update.pk).update(start_time=timezone.now() + timedelta(days=1))
    CrontabSchedule.objects.filter(pk=by_crontab.crontab_id).update(hour="7", timezone="Asia/Kolkata")
    IntervalSchedule.objects.filter(pk=by_interval.interval_id).update(every=7200)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE django_celery_beat_periodictask SET enabled = false WHERE id = %s", [by_sql.pk]
        )
    by_save.interval = IntervalSchedule.objects.create(every=2, period="days")
    by_save.save()
    assert plan() == 5
    for schedule in (by_update, by_crontab, by_interval, by_sql, by_save):
        assert plan_of(schedule).next_at != before[schedule.pk]
    assert plan_of(unmoved).next_at == before[unmoved.pk]


def test_schedules_made_in_bulk_are_seen(every: Make) -> None:
    interval = every().interval
    PeriodicTask.objects.bulk_create(
        PeriodicTask(name=f"bulk {n}", task="kinds.add", interval=interval) for n in range(20)
    )
    assert plan() == 21


def test_other_edits_do_not_put_off_the_next_moment(every: Make) -> None:
    schedule = every(1, "days")
    plan()
    before = plan_of(schedule).next_at
    PeriodicTask.objects.filter(pk=schedule.pk).update(kwargs='{"a": 5}', description="five")
    assert plan() == 1
    assert plan_of(schedule).next_at == before


def test_run_counts_are_no_edit(every: Make) -> None:
    schedule = every()
    plan()
    PeriodicTask.objects.filter(pk=schedule.pk).update(total_run_count=5, last_run_at=timezone.now())
    assert plan() == 0


def test_a_schedule_switched_off_and_on_starts_afresh(every: Make) -> None:
    schedule = every(60)
    plan()
    PeriodicTask.objects.filter(pk=schedule.pk).update(enabled=False)
    plan()
    assert plan_of(schedule).next_at is None
    PeriodicTask.objects.filter(pk=schedule.pk).update(enabled=True)
    plan()
    assert next_of(schedule) > timezone.now() + timedelta(seconds=55)


def test_a_plan_goes_with_its_schedule(every: Make) -> None:
    by_orm, by_sql = every(), every()
    by_orm.delete()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_celery_beat_periodictask WHERE id = %s", [by_sql.pk])
    assert not Plan.objects.exists()


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"minute": "0", "hour": "0", "day_of_month": "30", "month_of_year": "2"}, "cannot run"),
        ({"minute": "61"}, "cannot run"),
        ({"minute": "', now()) --"}, "cannot run"),
        ({"timezone": "Mars/Olympus"}, "no time zone"),
    ],
)
def test_a_crontab_that_never_runs_is_set_aside_and_stops_nobody(
    at: Make, every: Make, fields: dict[str, str], reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    bad, good = at("0 0 * * *", name="bad one"), every()
    columns = ", ".join(f"{name} = %s" for name in fields)
    with connection.cursor() as cursor:  # as SQL may: the model's field would refuse the zone
        cursor.execute(
            f"UPDATE django_celery_beat_crontabschedule SET {columns} WHERE id = %s",
            [*fields.values(), bad.crontab_id],
        )
    assert plan() == 2
    assert reason in plan_of(bad).problem
    assert plan_of(bad).next_at is None
    assert plan_of(good).next_at is not None
    assert "'bad one' is set aside" in caplog.text


@pytest.mark.parametrize(
    ("number", "period"),
    [(0, "seconds"), (-5, "hours"), (1, "microseconds"), (2**31 - 1, "days"), (1, "fortnights")],
)
def test_an_interval_of_no_sense_is_set_aside(every: Make, number: int, period: str) -> None:
    schedule = every(number, period)
    plan()
    assert plan_of(schedule).next_at is None
    assert plan_of(schedule).problem


def test_a_schedule_without_timing_is_set_aside() -> None:
    [schedule] = PeriodicTask.objects.bulk_create([PeriodicTask(name="never", task="kinds.add")])
    plan()
    assert "Choose one" in plan_of(schedule).problem


def test_mending_a_schedule_clears_its_problem(at: Make) -> None:
    schedule = at("0 0 30 2 *")
    plan()
    assert plan_of(schedule).problem
    CrontabSchedule.objects.update(day_of_month="28")
    plan()
    assert not plan_of(schedule).problem
    assert next_of(schedule).day == 28


def test_a_new_beat_looks_at_set_aside_schedules_again_and_adopts_lost_ones(every: Make, at: Make) -> None:
    at("0 0 30 2 *")
    lost = every()
    plan()
    Plan.objects.filter(pk=lost.pk).delete()
    sql.run("adopt")
    assert plan() == 2
    assert plan_of(lost).next_at is not None


def test_a_clocked_time_is_its_only_moment() -> None:
    when = timezone.now() + timedelta(days=1)
    clocked = ClockedSchedule.objects.create(clocked_time=when)
    schedule = PeriodicTask.objects.create(name="once", task="kinds.add", clocked=clocked, one_off=True)
    plan()
    assert plan_of(schedule).next_at == when


def test_behind_a_flood_of_new_schedules_neither_an_old_nor_a_new_one_waits(every: Make) -> None:
    old = every(90, "minutes")
    plan()
    clocked = ClockedSchedule.objects.create(clocked_time=timezone.now() + timedelta(days=1))
    flood = [PeriodicTask(name=f"once {number}", task="kinds.add", clocked=clocked) for number in range(1200)]
    PeriodicTask.objects.bulk_create(flood)
    new = every(30, "minutes")
    PeriodicTask.objects.filter(pk=old.pk).update(interval=every(20, "minutes").interval)
    assert plan() == BATCH
    assert next_of(old) - timezone.now() < timedelta(minutes=20)
    assert next_of(new) - timezone.now() < timedelta(minutes=30)
    planned = BATCH
    while batch := plan():
        planned += batch
    assert planned == 1 + 1200 + 2
