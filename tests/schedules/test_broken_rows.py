"""A broken row of one schedule ends neither a beat nor a page: the others run, and it says what is wrong."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django_celery_beat.models import PeriodicTask

from apps.schedules import sql, watch
from apps.schedules.exchange import exported
from apps.schedules.fire import fire
from apps.schedules.plan import plan
from apps.schedules.waiting import start_waiting
from tests.schedules.broken import FAR, allow_far_times, ways
from tests.schedules.conftest import LIST, came_due, plan_of

pytestmark = pytest.mark.django_db
Make = Callable[..., PeriodicTask]
WAYS = dict(ways())
RECENT = timedelta(seconds=30)  # the transaction of the test has begun before


@pytest.fixture(autouse=True)
def without_the_last_line(db: None) -> None:
    """Let SQL write times that are far."""
    allow_far_times(_write)


@pytest.mark.parametrize("way", WAYS)
def test_the_others_run_beside_a_broken_row(every: Make, way: str) -> None:
    healthy, broken = every(name="healthy"), every(name="broken")
    came_due(healthy, RECENT)
    WAYS[way](_write, broken.pk)
    for _ in range(2):
        plan()
        sql.run("wait")
        _write(
            "UPDATE schedules_plan SET next_at = clock_timestamp() - %s"
            " WHERE next_at BETWEEN '2000-01-01' AND '2200-01-01'",
            (RECENT,),
        )
        fire("here")
        start_waiting()
        watch.watch()
    assert healthy.moments.count() == 2
    assert plan_of(healthy).problem == ""


@pytest.mark.parametrize("moment", FAR)
@pytest.mark.parametrize("column", ["start_time", "expires", "clocked", "paused"])
def test_a_time_that_cannot_be_read_is_named(admin: Client, every: Make, column: str, moment: str) -> None:
    broken = every(name="broken")
    WAYS[f"{column} {moment}" if column in ("clocked", "paused") else f"{column} {moment!a}"](
        _write, broken.pk
    )
    plan()
    watch.watch()
    assert "is not in the years 1 to 9999" in plan_of(broken).problem
    assert "is not in the years 1 to 9999" in admin.get(LIST).content.decode()
    assert [alert.name for alert in watch.alerts()] == ["broken"]
    page = f"{LIST}{broken.pk}/change/"
    assert admin.get(page).status_code == 200
    assert admin.post(f"{LIST}{broken.pk}/delete/", {"post": "yes"}).status_code == 302


def test_pages_and_exports_answer_with_every_row_broken(admin: Client, every: Make) -> None:
    made = [every(name=f"broken {number}") for number in range(len(WAYS))]
    for schedule, way in zip(made, WAYS.values(), strict=True):
        way(_write, schedule.pk)
    for page in [
        *(f"{LIST}?p={number}" for number in range(1, len(WAYS) // 50 + 2)),
        *(f"{LIST}day/", f"{LIST}export/", "/admin/schedules/version/", "/admin/schedules/alert/", "/admin/"),
    ]:
        for _ in ("before", "after"):
            assert admin.get(page).status_code == 200, page
            plan()
            watch.watch()
    assert exported()


def _write(statement: str, values: tuple[Any, ...]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)
