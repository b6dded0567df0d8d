"""The simulated day is the day that beat then lives through."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_celery_beat.models import ClockedSchedule, PeriodicTask

from apps.jobs.worker import registration
from apps.schedules import timing
from apps.schedules.day import MINUTES, moments_of, simulate
from apps.schedules.plan import plan
from apps.schedules.row import Row

Make = Callable[..., PeriodicTask]
BERLIN = ZoneInfo("Europe/Berlin")
NIGHTS = [date(2026, 3, 29), date(2026, 10, 25), date(2026, 7, 1)]
MINUTE = timedelta(minutes=1)


def lived(row: Row, start: datetime) -> list[datetime]:
    """Return the moments that beat walks through, one after the other, in 24 hours."""
    found, moment = [], timing.first_moment(row, start - timedelta(microseconds=1))
    while moment is not None and moment < start + timedelta(days=1):
        found.append(moment)
        moment = timing.moment_after(row, moment)
    return found


@pytest.mark.parametrize("day", NIGHTS)
@pytest.mark.parametrize("line", ["*/7 * * * *", "30 2 * * *", "0 */6 * * 0", "15 3 1 7 *"])
def test_a_crontab_runs_when_beat_runs_it(day: date, line: str) -> None:
    start = datetime(day.year, day.month, day.day, tzinfo=BERLIN).astimezone(UTC)
    row = Row(crontab=[*line.split(), "Europe/Berlin"], next_at=start + timedelta(days=3))
    assert moments_of(row, start) == lived(row, start)


@pytest.mark.parametrize(("every", "period"), [(7, "minutes"), (25, "hours"), (45, "seconds"), (1, "days")])
def test_an_interval_keeps_its_step_in_days_before_and_after(every: int, period: str) -> None:
    planned = datetime(2026, 7, 5, 12, 0, 30, tzinfo=UTC)
    row = Row(every=every, period=period, next_at=planned)
    step = timedelta(**{period: every})
    for day in (1, 5, 9):
        start = datetime(2026, 7, day, tzinfo=UTC)
        found = moments_of(row, start)
        assert all((moment - planned) % step == timedelta() for moment in found)
        assert all(start <= moment < start + timedelta(days=1) for moment in found)
        assert len(found) in (timedelta(days=1) // step, timedelta(days=1) // step + 1)


def test_what_is_off_over_or_outside_of_its_time_does_not_run() -> None:
    start = datetime(2026, 7, 1, tzinfo=UTC)
    noon = start + timedelta(hours=12)
    hourly = Row(every=1, period="hours", next_at=start)
    assert len(moments_of(hourly, start)) == 24
    assert moments_of(hourly._replace(enabled=False), start) == []
    assert moments_of(hourly._replace(problem="bad"), start) == []
    assert moments_of(hourly._replace(next_at=None), start) == []
    assert len(moments_of(hourly._replace(paused_until=noon), start)) == 12
    assert len(moments_of(hourly._replace(expires=noon), start)) == 13
    assert moments_of(hourly._replace(one_off=True, next_at=noon), start) == [noon]


def test_minutes_are_hot_where_more_starts_or_runs_than_there_are_places() -> None:
    start = datetime(2026, 7, 1, tzinfo=UTC)
    long = Row(id=1, name="long", every=1, period="days", next_at=start + 60 * MINUTE)
    burst = [Row(id=n, name=f"burst {n}", every=1, period="days", next_at=start) for n in range(2, 6)]
    usual = {1: 90.5 * MINUTE}
    day = simulate([long, *burst], usual, day=start.date(), zone=ZoneInfo("UTC"), children=3)
    assert day.hot == {0}
    assert day.starts[0] == 4
    quick = Row(id=9, every=1, period="seconds", next_at=start)
    assert not simulate([quick], {9: MINUTE / 60}, day=start.date(), zone=ZoneInfo("UTC"), children=3).hot
    assert day.lines[0].row.name == "long", "the busiest first"
    assert [round(runs, 3) for runs in (day.running[59], day.running[60], day.running[149])] == [0, 1, 1]
    assert round(day.running[150], 3) == 0.5
    assert abs(sum(day.running) - 90.5) < 1e-6
    crowded = simulate([long], {1: 3000 * MINUTE}, day=start.date(), zone=ZoneInfo("UTC"), children=0)
    assert (crowded.hot, len(crowded.running)) == (set(), MINUTES)


@pytest.mark.django_db
def test_the_page_shows_the_day_and_its_hot_minutes(admin: Client, at: Make) -> None:
    for number in range(5):
        at("30 2 * * *", name=f"night {number}")
    at("0 0 30 2 *", name="never")
    plan()
    registration.register(name="w", hostname="h", queues=["default"], concurrency=2)
    page = admin.get(reverse("admin:schedules_day") + "?day=2026-07-01").content.decode()
    for words in ("Wednesday 1 July 2026", "night 4", "<b>02:30</b> 5 start at once", "2 jobs at once"):
        assert words in page
    assert "never" not in page
    assert admin.get(reverse("admin:schedules_day") + "?day=yesterday").status_code == 200


@pytest.mark.django_db
def test_the_page_asks_the_database_as_often_for_many_as_for_few(
    admin: Client, every: Make, django_assert_max_num_queries: Callable[[int], object]
) -> None:
    for _ in range(30):
        every()
    plan()
    assert connection.vendor == "postgresql"
    with django_assert_max_num_queries(9):  # type: ignore[attr-defined]  # a context manager
        admin.get(reverse("admin:schedules_day"))


@pytest.mark.django_db
def test_a_million_one_off_schedules_do_not_hold_up_the_page_and_what_is_left_out_is_said(
    admin: Client, at: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.schedules.admin.day._MOST", 2)
    start = timezone.now().replace(hour=12, minute=0, second=0, microsecond=0) + timedelta(days=1)
    for minutes in (3, 2, 1):
        clocked = ClockedSchedule.objects.create(clocked_time=start + minutes * MINUTE)
        PeriodicTask.objects.create(
            name=f"after {minutes}", task="kinds.add", kwargs='{"a": 1}', clocked=clocked, one_off=True
        )
    again = at("0 3 * * *", name="again and again")
    plan()
    page = admin.get(f"{reverse('admin:schedules_day')}?day={start:%Y-%m-%d}").content.decode()
    assert again.name in page
    assert "after 1" in page
    assert "after 2" not in page
    assert "2 more schedules are left out" in page
