"""Schedules that code declares come into the database once, and an admin's edit wins."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from celery import current_app
from django.core.management import call_command
from django.db import connection
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from apps.jobs.task import JobTask
from apps.schedules.checks import check_declared_schedules
from apps.schedules.crontab import BadCrontab
from apps.schedules.declared import sync
from apps.schedules.models import Declaration
from apps.schedules.plan import plan
from tests.schedules.conftest import next_of

KIND = "kinds.add"


@pytest.fixture
def kind(monkeypatch: pytest.MonkeyPatch) -> Iterator[JobTask[..., object]]:
    """The only job type that declares a schedule: at 03:17 in Berlin."""
    for task in current_app.tasks.values():
        if getattr(task, "cron", None):
            monkeypatch.setattr(task, "cron", None)
    task = current_app.tasks[KIND]
    monkeypatch.setattr(task, "cron", "17 3 * * *")
    monkeypatch.setattr(task, "cron_timezone", "Europe/Berlin")
    return task  # type: ignore[return-value]  # what @job made of it


pytestmark = pytest.mark.django_db


def test_a_declared_schedule_comes_in_once(kind: JobTask[..., object]) -> None:
    assert sync() == ["kinds.add: now runs at 17 3 * * * Europe/Berlin."]
    assert sync() == []
    schedule = PeriodicTask.objects.get()
    assert (schedule.name, schedule.task, schedule.enabled) == (KIND, KIND, True)
    assert schedule.description == "Add two numbers and log them."
    plan()
    assert next_of(schedule).minute == 17


def test_a_change_of_the_code_is_followed(kind: JobTask[..., object]) -> None:
    sync()
    PeriodicTask.objects.update(kwargs='{"a": 9}')
    kind.cron = "30 4 * * 1"
    [sentence] = sync()
    assert "30 4 * * 1" in sentence
    assert "instead of 17 3 * * *" in sentence
    schedule = PeriodicTask.objects.get()
    assert (schedule.crontab.minute, schedule.crontab.day_of_week, schedule.kwargs) == ("30", "1", '{"a": 9}')
    assert sync() == []


def test_an_admins_edit_wins_over_the_code(kind: JobTask[..., object]) -> None:
    sync()
    edited = CrontabSchedule.objects.create(minute="5", hour="5", timezone="UTC")
    PeriodicTask.objects.update(crontab=edited, enabled=False)
    assert sync() == []
    kind.cron = "30 4 * * 1"
    [sentence] = sync()
    assert "the admin's edit is kept" in sentence
    schedule = PeriodicTask.objects.get()
    assert (schedule.crontab, schedule.enabled) == (edited, False)


def test_an_edit_of_the_shared_crontab_row_is_an_edit_too(kind: JobTask[..., object]) -> None:
    sync()
    CrontabSchedule.objects.update(hour="9")
    kind.cron = "30 4 * * 1"
    sync()
    assert PeriodicTask.objects.get().crontab.hour == "9"


def test_a_schedule_that_an_admin_deleted_stays_away(kind: JobTask[..., object]) -> None:
    sync()
    PeriodicTask.objects.all().delete()
    assert sync() == []
    kind.cron = "30 4 * * 1"
    sync()
    assert not PeriodicTask.objects.exists()


def test_a_schedule_of_the_same_name_that_a_person_made_stays_as_it_is(kind: JobTask[..., object]) -> None:
    crontab = CrontabSchedule.objects.create()
    PeriodicTask.objects.create(name=KIND, task="kinds.walk", crontab=crontab)
    [sentence] = sync()
    assert "kept unchanged" in sentence
    assert PeriodicTask.objects.get().task == "kinds.walk"


def test_what_the_code_no_longer_declares_is_switched_off_unless_edited(kind: JobTask[..., object]) -> None:
    sync()
    kind.cron = None
    [sentence] = sync()
    assert "it was disabled" in sentence
    assert not PeriodicTask.objects.get().enabled
    assert not Declaration.objects.exists()
    assert sync() == []


@pytest.mark.django_db(transaction=True)
def test_two_syncs_at_once_make_one_schedule(kind: JobTask[..., object]) -> None:
    def one() -> list[str]:
        try:
            return sync()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as several:
        sentences = [
            sentence for done in [several.submit(one) for _ in range(4)] for sentence in done.result()
        ]
    assert len(sentences) == PeriodicTask.objects.count() == CrontabSchedule.objects.count() == 1


def test_a_line_that_cannot_run_is_found_by_the_checks(kind: JobTask[..., object]) -> None:
    assert check_declared_schedules(None) == []
    kind.cron = "17 3 31 2 *"
    [error] = check_declared_schedules(None)
    assert "Job type kinds.add" in error.msg
    with pytest.raises(BadCrontab):
        sync()


def test_the_command_says_what_it_did(kind: JobTask[..., object], capsys: pytest.CaptureFixture[str]) -> None:
    call_command("schedules", "sync")
    call_command("schedules", "sync")
    assert capsys.readouterr().out.splitlines() == [
        "kinds.add: now runs at 17 3 * * * Europe/Berlin.",
        "Schedules are as declared.",
    ]
