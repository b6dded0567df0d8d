"""Times of schedules stay within a hundred years, wherever they are entered; all others can be read."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_celery_beat.models import ClockedSchedule, PeriodicTask
from psycopg.errors import CheckViolation

from apps.lib.readable_times import EARLIEST, LATEST
from apps.schedules.exchange import compare
from apps.schedules.models import Policy
from apps.schedules.near import FAR
from apps.schedules.wanted import BadDocument
from tests.schedules.broken import allow_far_times
from tests.schedules.conftest import FORM, LIST

pytestmark = pytest.mark.django_db
Make = Callable[..., PeriodicTask]
FAR_AWAY = ["9999-12-31", "2999-01-01", "1800-01-01", "0001-01-01"]


@pytest.mark.parametrize("name", ["start_time", "expires", "at", "paused_until"])
@pytest.mark.parametrize("day", FAR_AWAY)
def test_an_import_refuses_a_time_that_is_far(name: str, day: str) -> None:
    document = {"name": "x", "task": "kinds.add", "kwargs": {"a": 1}, name: f"{day}T23:59:59-12:00"}
    timing = {} if name == "at" else {"every": [1, "days"]}
    with pytest.raises(BadDocument, match=f"{name}: .*{FAR}"):
        compare(json.dumps({"format": 1, "schedules": [document | timing]}))


@pytest.mark.parametrize("name", ["start_time", "expires", "at", "policy-0-paused_until"])
@pytest.mark.parametrize("day", FAR_AWAY)
def test_the_form_refuses_a_time_that_is_far(admin: Client, name: str, day: str) -> None:
    timing = {} if name == "at" else {"every": "1", "period": "days"}
    typed = FORM | timing | {"name": "x", f"{name}_0": day, f"{name}_1": "23:59:59"}
    answer = admin.post(f"{LIST}add/", typed)
    assert answer.status_code == 200
    assert "more than 100 years away" in answer.content.decode() or "could" in answer.content.decode()
    assert not PeriodicTask.objects.exists()
    assert admin.post(reverse("admin:schedules_look_ahead"), typed).status_code == 200


@pytest.mark.parametrize("day", FAR_AWAY)
def test_a_pause_refuses_a_time_that_is_far(admin: Client, every: Make, day: str) -> None:
    url = f"{reverse('admin:schedules_pause')}?ids={every().pk}"
    assert admin.post(url, {"until": f"{day}T23:59"}).status_code == 200
    assert not Policy.objects.exists()


def test_no_model_is_saved_with_a_new_time_that_is_far(every: Make) -> None:
    schedule, far = every(), datetime(2999, 1, 1, tzinfo=UTC)
    for wrong in (
        lambda: every(start_time=far),
        lambda: every(expires=far),
        lambda: ClockedSchedule.objects.create(clocked_time=far),
        lambda: Policy.objects.create(schedule=schedule, paused_until=far),
    ):
        with pytest.raises(ValidationError, match="100 years"):
            wrong()


def test_what_is_stored_already_can_be_switched_off(admin: Client, every: Make) -> None:
    schedule = every(name="old")
    allow_far_times(_write)
    PeriodicTask.objects.filter(pk=schedule.pk).update(expires="2999-01-01T00:00Z")
    schedule = PeriodicTask.objects.get(pk=schedule.pk)
    schedule.enabled = False
    schedule.save()
    typed: dict[str, Any] = FORM | {"name": "old", "every": "60", "period": "seconds"}
    shown = {"expires_0": "2999-01-01", "expires_1": "00:00:00"}
    assert admin.post(f"{LIST}{schedule.pk}/change/", typed | shown).status_code == 302
    assert PeriodicTask.objects.get(pk=schedule.pk).enabled


@pytest.mark.parametrize("moment", ["294276-12-31", "infinity", "-infinity", "0044-03-15 BC", "2999-01-01"])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE django_celery_beat_periodictask SET start_time = %s",
        "UPDATE django_celery_beat_periodictask SET expires = %s",
        "INSERT INTO django_celery_beat_clockedschedule (clocked_time) VALUES (%s)",
        "UPDATE schedules_policy SET paused_until = %s",
    ],
)
def test_sql_cannot_write_a_time_that_is_far(every: Make, statement: str, moment: str) -> None:
    schedule = every()
    Policy.objects.create(schedule=schedule)
    with pytest.raises(IntegrityError, match="more than 100 years away") as refused, transaction.atomic():
        _write(statement, (moment,))
    assert isinstance(refused.value.__cause__, CheckViolation)
    assert refused.value.__cause__.diag.constraint_name == "schedules_times_are_near"
    _write(statement, ("2030-01-01",))


def test_sql_can_correct_and_switch_off_what_is_stored_already(every: Make) -> None:
    schedule = every()
    allow_far_times(_write)
    _write("UPDATE django_celery_beat_periodictask SET start_time = 'infinity', expires = '2999-01-01'", ())
    _write("SET CONSTRAINTS ALL IMMEDIATE", ())
    _write("ALTER TABLE django_celery_beat_periodictask ENABLE TRIGGER schedules_times_are_near", ())
    PeriodicTask.objects.update(enabled=False)
    _write("UPDATE django_celery_beat_periodictask SET start_time = start_time, expires = expires", ())
    PeriodicTask.objects.update(start_time=None, expires=None)
    with pytest.raises(IntegrityError):
        _write("UPDATE django_celery_beat_periodictask SET expires = '2999-01-01'", ())
    assert schedule.pk


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("294276-12-31 23:59:59.999999+00", LATEST),
        ("infinity", LATEST),
        ("9999-12-31 23:59:59.999999+00", LATEST),
        ("-infinity", EARLIEST),
        ("4713-01-01 00:00:00+00 BC", EARLIEST),
        ("0001-01-01 00:00:00+00", EARLIEST),
        ("2026-12-01 12:00:00.5+05:45", datetime(2026, 12, 1, 6, 15, 0, 500_000, tzinfo=UTC)),
    ],
)
def test_every_time_of_the_database_can_be_read_and_shown(text: str, read: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::timestamptz, ARRAY[%s::timestamptz]", [text, text])
        [(moment, [in_an_array])] = cursor.fetchall()
    assert moment == in_an_array == read
    for zone in ("Pacific/Kiritimati", "Etc/GMT+12"):
        with timezone.override(zone):
            assert timezone.localtime(moment) - read == timedelta()


def _write(statement: str, values: tuple[Any, ...]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)
