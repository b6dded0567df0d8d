"""maintenance.health_check: what is not well is named, and everything else is looked at all the same."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from celery import current_app
from django.db import OperationalError, connection
from django.db.models.functions import Now
from django_celery_beat.models import IntervalSchedule, PeriodicTask
from pytest_django import Settings

from apps.jobs import enqueue
from apps.jobs.models import Duty, Pause, Worker
from apps.local.servers.ports import free_port
from apps.local.servers.valkey import ValkeyServer
from apps.maintenance.health import clock, servers
from apps.maintenance.health.examine import NotWell, examine
from apps.schedules.models import Beat, Plan
from tests.jobs import steps
from tests.tasks.steps import attempted, ran, result_of, why

pytestmark = pytest.mark.django_db

KIND = "maintenance.health_check"
LONG_AGO = timedelta(minutes=10)


class Page(BaseHTTPRequestHandler):
    """Answers every request with the status that its server was given."""

    def do_GET(self) -> None:
        self.send_response(self.server.status)  # type: ignore[attr-defined]  # see below
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def page() -> Iterator[HTTPServer]:
    """A web process that answers 200 until told otherwise."""
    server = HTTPServer(("127.0.0.1", 0), Page)
    server.status = 200  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def well(valkey: ValkeyServer, page: HTTPServer, settings: Settings) -> None:
    """Everything runs."""
    settings.HEALTH_URL = f"http://127.0.0.1:{page.server_port}/"
    steps.a_worker(queues=("default", "maintenance"))
    Duty.objects.create(name="relay", keeper="here:1", ran_at=Now(), took_ms=1.0)
    Beat.objects.create(name="here:2", started_at=Now(), heartbeat_at=Now())


@pytest.mark.parametrize(
    "text",
    [
        "FATAL:  sorry, too many clients already",
        "FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute",
        'FATAL:  too many connections for role "backline"',
    ],
)
def test_a_refused_connection_names_the_limit_of_connections(text: str) -> None:
    assert "raise max_connections" in servers.mend_of(OperationalError(text), "Run: make up")
    assert servers.mend_of(OperationalError("Connection refused"), "Run: make up") == "Run: make up"


@pytest.mark.parametrize("row", ["relay", "watch health"])
def test_a_keeper_whose_task_hangs_is_not_well(row: str) -> None:
    Duty.objects.update_or_create(
        name=row, defaults={"keeper": "here:1", "ran_at": Now() - LONG_AGO, "took_ms": 1.0}
    )
    Duty.objects.create(name="rescue", keeper="here:1", ran_at=Now(), took_ms=1.0)
    assert f"did not end its task {row} for" in trouble()


def trouble() -> str:
    """Return what is not well."""
    with pytest.raises(NotWell) as told:
        examine()
    return str(told.value)


def test_when_all_is_well_it_says_what_it_found() -> None:
    result = result_of(ran(KIND))
    assert set(result) == {
        "database", "broker", "clock", "disk", "workers", "keeper", "beat", "schedules", "waiting jobs",
        "web",
    }  # fmt: skip
    assert result["keeper"] == "here:1 leads"
    assert result["web"].startswith("answers in")


def test_what_is_gone_at_the_second_look_ends_as_a_dead_letter_that_names_it() -> None:
    Beat.objects.all().delete()
    job_id = enqueue(KIND)
    assert attempted(job_id) == "retrying"
    assert attempted(job_id) == "dead"
    assert "beat: none is alive" in why(job_id)
    assert "celery -A config beat" in why(job_id)


def test_what_was_gone_for_a_moment_is_nobody_s_trouble() -> None:
    Beat.objects.update(heartbeat_at=Now() - LONG_AGO)
    job_id = enqueue(KIND)
    assert attempted(job_id) == "retrying"
    Beat.objects.update(heartbeat_at=Now())
    assert attempted(job_id) == "succeeded"


def test_no_worker_or_a_silent_one_is_named() -> None:
    Worker.objects.update(heartbeat_at=Now() - LONG_AGO)
    assert "workers: none is alive" in trouble()
    steps.a_worker("two@here")
    assert "workers: silent: one@here" in trouble()


def test_a_keeper_that_is_away_or_in_trouble_is_named() -> None:
    Duty.objects.update(error="The broker is away: refused")
    assert "keeper: relay: The broker is away" in trouble()
    Duty.objects.update(error="", ran_at=Now() - LONG_AGO)
    assert "keeper: none is at work" in trouble()


def test_a_schedule_that_is_late_is_named() -> None:
    every = IntervalSchedule.objects.create(every=1, period="hours")
    schedule = PeriodicTask.objects.create(name="hourly", task="kinds.add", interval=every)
    Plan.objects.update_or_create(schedule=schedule, defaults={"next_at": Now() - LONG_AGO})
    assert "schedules: 1 late" in trouble()


def test_jobs_that_no_worker_can_start_are_named() -> None:
    steps.in_line(queue="exports")
    assert (
        "waiting jobs: No live worker takes from queue exports. 1 job waits."
        " Run: celery -A config worker -Q exports." in trouble()
    )
    Pause.objects.create(scope="queue", name="exports", paused_at=Now())
    assert "Queue exports is paused. 1 job waits." in trouble()
    Pause.objects.all().delete()
    steps.a_worker("two@here", queues=("exports",))
    assert examine()["waiting jobs"] == "1 job waiting, all can start"


def test_a_full_disk_and_a_clock_that_is_off_are_named(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.BACKLINE_DISK_FREE_MB = 10**12
    monkeypatch.setattr(clock, "skew", lambda: 90.0)
    assert "disk: only" in trouble()
    assert "clock: the database is +90.0 s off this machine" in trouble()


def test_a_database_that_accepts_no_writes_is_named() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION READ ONLY")
    assert "database: The database accepts no writes" in trouble()


def test_a_broker_that_is_away_is_named() -> None:
    address = current_app.conf.broker_url
    current_app.conf.update(broker_url=f"redis://127.0.0.1:{free_port()}/0")
    try:
        assert "broker: does not answer" in trouble()
    finally:
        current_app.conf.update(broker_url=address)


def test_a_page_that_fails_or_does_not_answer_is_named(page: HTTPServer, settings: Settings) -> None:
    page.status = 500  # type: ignore[attr-defined]
    assert "answers 500" in trouble()
    settings.HEALTH_URL = f"http://127.0.0.1:{free_port()}/"
    assert "does not answer" in trouble()
    settings.HEALTH_URL = "file:///etc/passwd"
    assert "is no address of a page" in trouble()


def test_without_an_address_no_page_is_asked(settings: Settings) -> None:
    settings.HEALTH_URL = ""
    assert examine()["web"].startswith("not asked")


def test_everything_that_is_not_well_is_named_at_once() -> None:
    Beat.objects.all().delete()
    Duty.objects.all().delete()
    assert "keeper" in trouble()
    assert "beat" in trouble()
