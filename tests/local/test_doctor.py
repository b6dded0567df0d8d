"""The doctor names what is wrong and its mend, and is not felled by what it finds."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from django.db import OperationalError, connection
from django.db.models.functions import Now
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from apps.jobs.models import Duty, Worker
from apps.local.doctor import data, database, machine
from apps.local.doctor.checks import CHECKS, Check, _examine, examine, is_well
from apps.local.doctor.report import as_json, as_text
from apps.local.servers.layout import Layout
from apps.local.servers.private_files import write_private_once
from apps.maintenance.health import clock, disk, processes
from apps.maintenance.health.finding import Finding, Level, note, well, wrong
from apps.schedules.models import Beat, Plan

if TYPE_CHECKING:
    from pathlib import Path

    from apps.local.servers.valkey import ValkeyServer


def add_worker(*, silent: timedelta = timedelta(0)) -> None:
    Worker.objects.create(
        name="worker1@here",
        hostname="here",
        pid=1,
        queues=["default"],
        concurrency=2,
        started_at=Now(),
        heartbeat_at=Now() - silent,
    )


def add_duty(*, error: str = "", ago: timedelta = timedelta(0)) -> None:
    Duty.objects.create(name="relay", keeper="here:1", ran_at=Now() - ago, took_ms=1.0, error=error)


@pytest.mark.django_db
def test_no_worker_is_wrong_and_the_mend_starts_one(tmp_path: Path) -> None:
    finding = processes.workers()
    assert finding.level is Level.WRONG
    assert "make up" in finding.mend


@pytest.mark.django_db
def test_a_silent_worker_beside_a_living_one_is_named(tmp_path: Path) -> None:
    add_worker()
    assert processes.workers().level is Level.OK
    add_worker(silent=timedelta(minutes=5))
    assert processes.workers().what == "silent: worker1@here"


@pytest.mark.django_db
def test_a_keeper_that_fails_or_is_gone_is_wrong(tmp_path: Path) -> None:
    assert processes.keeper().what == "none is at work"
    add_duty(ago=timedelta(minutes=1))
    assert processes.keeper().level is Level.WRONG
    Duty.objects.update(ran_at=Now())
    assert processes.keeper().level is Level.OK
    Duty.objects.update(error="The broker is away.")
    assert processes.keeper().what == "relay: The broker is away."


@pytest.mark.django_db
def test_beats_and_schedules_can_be_looked_at(tmp_path: Path) -> None:
    Beat.objects.all().delete()
    assert processes.beat().level is Level.WRONG
    assert processes.schedules().level is Level.OK


@pytest.mark.django_db
def test_a_schedule_that_cannot_run_is_reported_with_one_full_stop() -> None:
    schedule = PeriodicTask.objects.create(name="broken", interval=IntervalSchedule.objects.create(every=1))
    Plan.objects.update_or_create(schedule=schedule, defaults={"problem": "No task is called 'gone'."})
    assert processes.schedules().what == "broken: No task is called 'gone'"


@pytest.mark.django_db
def test_the_test_database_is_migrated_and_of_our_time(tmp_path: Path) -> None:
    assert database.migrations(tmp_path).level is Level.OK
    assert clock.clock().level is Level.OK
    assert database.reachable(tmp_path).level is Level.OK
    connection.check_constraints()


@pytest.mark.django_db
def test_a_database_that_forgets_is_wrong(tmp_path: Path) -> None:
    finding = database.settled(tmp_path)
    assert finding.level is Level.WRONG  # the tests' own server runs without fsync
    assert "fsync is off" in finding.what


def test_open_private_files_are_wrong_and_the_mend_closes_them(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    write_private_once(layout.credentials, "login: a\npassword: b\n")
    assert data.permissions(tmp_path).level is Level.OK
    assert data.login(tmp_path).level is Level.OK
    layout.credentials.chmod(0o644)
    finding = data.permissions(tmp_path)
    assert finding.level is Level.WRONG
    assert finding.mend == f"Run: chmod go-rwx {layout.credentials}"


def test_a_disk_with_too_little_room_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert machine.disk(tmp_path / "not" / "there").level is Level.OK
    monkeypatch.setattr(disk, "free", lambda _: 1_000_000)
    assert machine.disk(tmp_path).level is Level.WRONG


def test_the_broker_is_asked_what_it_keeps(
    make_valkey: type[ValkeyServer], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    server = make_valkey().start()  # type: ignore[call-arg]  # the fixture makes one in the test's directory
    monkeypatch.setenv("REDIS_URL", server.url())
    by_name = {check.name: check.look for check in CHECKS}
    assert by_name["broker"](tmp_path).level is Level.OK
    assert by_name["broker settings"](tmp_path).level is Level.OK
    assert server.password not in by_name["broker"](tmp_path).what


def test_a_check_that_cannot_look_hinders_no_other_and_what_needs_it_is_skipped(tmp_path: Path) -> None:
    def falls(_: Path) -> Finding:
        raise OperationalError("connection refused\nIs the server running?")

    failed = _examine(Check("database", falls), tmp_path, {})
    assert failed == wrong("database", "cannot look: connection refused", "Run: make up")
    leaning = _examine(Check("clock", falls, needs="database"), tmp_path, {"database": failed})
    assert leaning.level is Level.INFO


def test_every_check_leans_on_an_earlier_one() -> None:
    names = [check.name for check in CHECKS]
    assert len(set(names)) == len(names)
    assert all(check.needs in names[: names.index(check.name)] for check in CHECKS if check.needs)


@pytest.mark.django_db
def test_the_whole_examination_has_a_line_and_a_mend_for_everything() -> None:
    findings = examine(settings.BASE_DIR)
    assert [finding.name for finding in findings] == [check.name for check in CHECKS]
    assert all(finding.mend for finding in findings if finding.level is Level.WRONG)


def test_the_report_sums_up() -> None:
    findings = [
        well("Python", "3.11"),
        note("login", "none", "Run: make up"),
        wrong("disk", "full", "Free some."),
    ]
    assert as_text(findings).splitlines() == [
        "  ok  Python  3.11",
        "  --  login   none",
        "              Run: make up",
        "  no  disk    full",
        "              Free some.",
        "1 to mend",
    ]
    assert not is_well(findings)
    assert is_well(findings[:2])
    assert json.loads(as_json(findings))["findings"][2] == {
        "name": "disk",
        "level": "wrong",
        "what": "full",
        "mend": "Free some.",
    }
    assert as_text(findings[:1]).endswith("nothing to mend")
