"""What CELERY_BEAT_SCHEDULE names is there once, and an edit stays."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from celery import current_app
from celery.schedules import crontab
from django.db import connection
from django_celery_beat.models import PeriodicTask

from apps.schedules.from_settings import bring_in
from apps.schedules.plan import plan
from tests.schedules.conftest import next_of, plan_of

ENTRIES: dict[str, Any] = {
    "each half minute": {"task": "kinds.add", "schedule": 30.0, "args": (1, 2)},
    "at night": {"task": "kinds.add", "schedule": crontab(minute="17", hour="3"), "kwargs": {"a": 1}},
    "in steps": {
        "task": "kinds.add",
        "schedule": timedelta(minutes=5),
        "args": (1,),
        "options": {"queue": "imports"},
    },
}


@pytest.fixture(autouse=True)
def setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(current_app.conf, "beat_schedule", ENTRIES)


@pytest.mark.django_db
def test_they_are_made_once_and_planned() -> None:
    assert len(bring_in()) == 3
    assert bring_in() == []
    plan()
    by_name = {schedule.name: schedule for schedule in PeriodicTask.objects.all()}
    assert set(by_name) == set(ENTRIES)
    assert (next_of(by_name["at night"]).minute, by_name["in steps"].queue) == (17, "imports")
    assert by_name["at night"].versions.get().how == "code"


@pytest.mark.django_db
def test_an_edit_stays() -> None:
    bring_in()
    PeriodicTask.objects.filter(name="at night").update(enabled=False)
    assert bring_in() == []
    assert not PeriodicTask.objects.get(name="at night").enabled


@pytest.mark.django_db
def test_one_that_cannot_be_made_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    bad = {
        "bad": {"task": "kinds.add", "schedule": object()},
        "long" * 60: {"task": "kinds.add", "schedule": 30.0},
    }
    monkeypatch.setitem(current_app.conf, "beat_schedule", bad | ENTRIES)
    sentences = bring_in()
    assert ["cannot be made" in sentence for sentence in sentences] == [True, True, False, False, False]
    assert PeriodicTask.objects.count() == 3
    plan()
    assert all(plan_of(schedule).problem == "" for schedule in PeriodicTask.objects.all())


@pytest.mark.django_db(transaction=True)
def test_two_beats_that_start_at_once_make_each_once() -> None:
    def one(_: int) -> int:
        try:
            return len(bring_in())
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        assert sum(pool.map(one, range(3))) == 3
    PeriodicTask.objects.all().delete()
