"""Each place that reports health is red for each single fault, with its sentence, and green once repaired."""

from __future__ import annotations

import io
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

import pytest
from django.conf import settings as project
from django.core.management import call_command
from django.db.models.functions import Now
from django.test import Client

from apps.accounts.models import User
from apps.jobs.models import Duty, Job
from apps.jobs.operating import alerts
from apps.local.doctor import checks
from apps.maintenance.health import probe
from apps.maintenance.health.examine import NotWell, examine
from apps.maintenance.health.finding import Level
from apps.maintenance.health.watch import watch
from apps.schedules.models import Beat
from tests.jobs import steps
from tests.jobs.people import QUEUES, log_in
from tests.kinds import add  # noqa: F401  # the kind of the job
from tests.local import health_faults as faults
from tests.local.health_faults import Site

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from django.conf import LazySettings

    from apps.local.servers.valkey import ValkeyServer

    Fault = Callable[[Site], AbstractContextManager[None]]

pytestmark = pytest.mark.django_db

_NO_BEAT = "a job that waits needs no beat"
_NO_UPKEEP = "no job waits for upkeep"
_NO_CROWD = "jobs start all the same; when no connection is left, none reads the page"
_NO_DISK = "jobs start all the same; a full disk of the database shows as one that accepts no writes"
_NO_CLOCK = "times on the page are the database's, and its clock decides when a job starts"
_NOT_WAITING = "the job is dead; its page shows the dead letter"
_NO_WORKER = f"No live worker takes from queue {steps.QUEUE}."
_KIND = f"No live worker knows kind {steps.KIND} (one@here)."
_VERSION = f"No live worker reads version 2 of {steps.KIND}, only up to 1 (one@here)."
_PAUSED = "{} is paused by tom@aldervale.example: A flood."
_DIED = f"1 job of kind {steps.KIND} died because no live worker could read them."
_TRIED = f"Messages of {steps.KIND} in queue {steps.QUEUE} were sent 8 times and no worker took them"
_WRITES = "The database accepts no writes"

# What breaks, the sentence, and where it cannot be said with the reason.
FAULTS: dict[Fault, tuple[str, dict[str, str]]] = {
    faults.no_worker: (_NO_WORKER, {}),
    faults.silent_worker: (_NO_WORKER, {}),
    faults.wrong_worker: (_NO_WORKER, {}),
    faults.no_slots: (f"The live workers of queue {steps.QUEUE} have no slots.", {}),
    faults.unknown_kind: (_KIND, {}),
    faults.unknown_kind_put_aside: (_KIND, {}),
    faults.newer_version: (_VERSION, {}),
    faults.died_unread: (_DIED, {"job_page": _NOT_WAITING}),
    faults.paused_queue: (_PAUSED.format(f"Queue {steps.QUEUE}"), {}),
    faults.paused_kind: (_PAUSED.format(f"Kind {steps.KIND}"), {}),
    faults.not_taken: (_TRIED, {"job_page": "the message may arrive; the page shows its place"}),
    faults.keeper_dead: ("No keeper is running", {}),
    faults.relay_hangs: ("did not end its task relay", {}),
    faults.upkeep_hangs: (f"did not end its task {alerts.DUTY}", {"job_page": _NO_UPKEEP}),
    faults.relay_waits_for_a_lock: ("lock timeout", {}),
    faults.schedule_late: ("1 late by more than 30 s", {"job_page": _NO_BEAT}),
    faults.beat_dead: ("silent since", {"job_page": _NO_BEAT}),
    faults.broker_unreachable: ("Connection refused", {}),
    faults.broker_full: ("out of memory", {}),
    faults.database_crowded: ("connections taken", {"job_page": _NO_CROWD}),
    faults.database_read_only: (_WRITES, {}),
    faults.disk_full: ("only", {"job_page": _NO_DISK}),
    faults.clock_off: ("off this machine", {"job_page": _NO_CLOCK}),
}


class _Kept:
    """The connection of the thread that serves one answer: here the test's own, which is not closed."""

    def close(self) -> None:
        """Do nothing."""


@pytest.fixture
def site(valkey: ValkeyServer, monkeypatch: pytest.MonkeyPatch, settings: LazySettings) -> Iterator[Site]:
    """A site on which all is well."""
    settings.HEALTH_URL = ""
    owner = User.objects.create_user("tom@aldervale.example", "correct horse battery")
    person, staff = Client(), log_in(Client(), "view_pause")
    person.force_login(owner)
    worker_id = steps.a_worker()
    steps.a_keeper("relay", alerts.DUTY)
    Beat.objects.create(name="here:2", started_at=Now(), heartbeat_at=Now())
    job = Job.objects.get(pk=steps.in_line(owner_id=owner.pk))
    monkeypatch.setattr(probe, "connection", _Kept())
    site = Site(job, owner, worker_id, person, staff, monkeypatch, settings, valkey)
    with faults.broker_is(site, valkey.url()):
        _look_only_at_what_is_well(monkeypatch)
        yield site


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: str(fault.__name__))
@pytest.mark.parametrize(
    "place", ["doctor", "health_check", "queue_page", "alerts_page", "metrics", "job_page"]
)
def test_a_place_is_red_while_one_thing_is_broken_and_green_before_and_after(
    place: str, fault: Fault, site: Site
) -> None:
    sentence, silent = FAULTS[fault]
    read = _READ[place]
    assert read(site) == ""
    with fault(site):
        found = read(site)
        if place in silent:
            assert found == "", silent[place]
        else:
            assert _as_told_by(place, fault, sentence).rstrip(".") in found
    assert read(site) == ""


def _as_told_by(place: str, fault: Fault, sentence: str) -> str:
    """Return a place's own words where it looks for itself and others go by what the keeper wrote."""
    if place == "metrics":
        return "backline_alert{"
    if fault is faults.keeper_dead and place in ("doctor", "health_check"):
        return "none is at work"
    if place == "job_page":  # the error itself is for staff
        if fault is faults.broker_unreachable:
            return "The keeper cannot reach the broker"
        if fault is faults.relay_waits_for_a_lock:
            return "task relay fails"
    return sentence


def _doctor(_: Site) -> str:
    out = io.StringIO()
    with pytest.raises(SystemExit) as end:
        call_command("doctor", stdout=out)
    return "" if end.value.code == 0 else out.getvalue()


def _health_check(_: Site) -> str:
    try:
        examine()
    except NotWell as trouble:
        return str(trouble)
    return ""


def _queue_page(site: Site) -> str:
    _keeper_looks()
    page = site.staff.get(QUEUES).content.decode()
    assert "<h2>Queues</h2>" in page
    return page if "Needs attention" in page else ""


def _alerts_page(_: Site) -> str:
    _keeper_looks()
    status, text = probe.page()
    return "" if status == 200 else text


def _metrics(_: Site) -> str:
    _keeper_looks()
    text = probe.metrics()
    return "" if "backline_alerts 0\n" in text else text


def _job_page(site: Site) -> str:
    page = site.person.get(f"/jobs/{site.job.pk}/").content.decode()
    assert "Life of this job" in page
    return page if "starts when this is resolved" in page else ""


_READ: dict[str, Callable[[Site], str]] = {
    "doctor": _doctor,
    "health_check": _health_check,
    "queue_page": _queue_page,
    "alerts_page": _alerts_page,
    "metrics": _metrics,
    "job_page": _job_page,
}


def _keeper_looks() -> None:
    """Do the keeper's duty, unless it is dead or cannot write."""
    alive = Duty.objects.filter(name=alerts.DUTY, ran_at__gt=Now() - timedelta(minutes=1)).exists()
    [(read_only,)] = steps._rows("SELECT current_setting('transaction_read_only') = 'on'")
    if alive and not read_only:
        watch()


def _look_only_at_what_is_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out what is wrong with the machine of the tests, such as a database without fsync."""
    wrong = _wrong_here()
    monkeypatch.setattr(checks, "CHECKS", [check for check in checks.CHECKS if check.name not in wrong])


@cache
def _wrong_here() -> frozenset[str]:
    wrong = frozenset(found.name for found in checks.examine(project.BASE_DIR) if found.level is Level.WRONG)
    needed = {"database", "database writes", "clock", "disk", "broker", "workers", "keeper", "beat"}
    assert not wrong & {*needed, "waiting jobs"}
    return wrong
