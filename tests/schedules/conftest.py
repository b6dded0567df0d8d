"""Schedules as people make them, and time as a test needs it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

from apps.accounts.models import User
from apps.jobs.models import Job
from apps.schedules.models import Plan
from apps.schedules.plan import plan
from tests.kinds import add, fail, walk  # noqa: F401  # each is a Celery task from here on

LIST = "/admin/django_celery_beat/periodictask/"
HISTORY = "/admin/schedules/moment/"
NO_POLICY = {
    "policy-TOTAL_FORMS": "1",
    "policy-INITIAL_FORMS": "0",
    "policy-0-missed": "latest",
    "policy-0-missed_cap": "12",
    "policy-0-overlap": "allow",
    "policy-0-jitter_s": "0",
}
FORM = {
    "task": "kinds.add",
    "enabled": "on",
    "args": "[]",
    "kwargs": '{"a": 2}',
    "headers": "{}",
    **NO_POLICY,
}


@pytest.fixture
def every() -> Callable[..., PeriodicTask]:
    """Make a schedule that adds two numbers at an interval."""

    def make(every: int = 60, period: str = "seconds", **fields: Any) -> PeriodicTask:
        interval = IntervalSchedule.objects.create(every=every, period=period)
        return PeriodicTask.objects.create(**named(fields), interval=interval)

    return make


@pytest.fixture
def at() -> Callable[..., PeriodicTask]:
    """Make a schedule that adds two numbers by a crontab line."""

    def make(line: str, zone: str = "UTC", **fields: Any) -> PeriodicTask:
        minute, hour, day, month, weekday = line.split()
        crontab = CrontabSchedule.objects.create(
            minute=minute,
            hour=hour,
            day_of_month=day,
            month_of_year=month,
            day_of_week=weekday,
            timezone=zone,
        )
        return PeriodicTask.objects.create(**named(fields), crontab=crontab)

    return make


@pytest.fixture
def admin(client: Client) -> Client:
    """A browser of a superuser."""
    client.force_login(User.objects.create_superuser("admin@example.com", "secret"))
    return client


def named(fields: dict[str, Any]) -> dict[str, Any]:
    """Fill in what a test does not care about."""
    name = f"schedule {PeriodicTask.objects.count() + 1}"
    return {"name": name, "task": "kinds.add", "kwargs": '{"a": 1}'} | fields


def came_due(schedule: PeriodicTask, ago: timedelta = timedelta(seconds=1)) -> datetime:
    """Let a planned schedule have come due so long ago; return its moment."""
    plan()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE schedules_plan SET next_at = clock_timestamp() - %s * interval '1 second' "
            "WHERE schedule_id = %s RETURNING next_at",
            [ago.total_seconds(), schedule.pk],
        )
        [(moment,)] = cursor.fetchall()
    return moment  # type: ignore[no-any-return]


def plan_of(schedule: PeriodicTask) -> Plan:
    """Read a schedule's plan as it stands."""
    return Plan.objects.get(pk=schedule.pk)


def next_of(schedule: PeriodicTask) -> datetime:
    """Return when a schedule runs next, which it must."""
    moment = plan_of(schedule).next_at
    assert moment is not None
    return moment


def jobs_of(schedule: PeriodicTask) -> list[Job]:
    """Return the jobs that a schedule's moments name, in their order."""
    ids = schedule.moments.order_by("at").values_list("job_id", flat=True)
    found = Job.objects.in_bulk(list(ids))
    return [found[job_id] for job_id in ids]
