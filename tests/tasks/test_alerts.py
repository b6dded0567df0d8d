"""The keeper keeps what stops jobs from starting: an alert opens once, closes once, and is never stale."""

import logging
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection
from django.db.models import F
from django.db.models.functions import Now
from pytest_django import Settings

from apps.events.models import Fact
from apps.jobs.keeper import duties
from apps.jobs.messages.broker import BrokerAway
from apps.jobs.models import Alert, Duty, Job, Ready, Worker
from apps.jobs.operating import alerts, engine
from apps.local.servers.valkey import ValkeyServer
from apps.maintenance.alert_mail import mail_admins
from apps.maintenance.health.watch import watch
from apps.schedules.models import Beat
from tests.jobs import steps
from tests.tasks.steps import attempted

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def well(valkey: ValkeyServer) -> None:
    """Everything runs."""
    steps.a_worker()
    for name in ("relay", alerts.DUTY):
        Duty.objects.create(name=name, keeper="here:1", ran_at=Now(), took_ms=1.0)
    Beat.objects.create(name="here:2", started_at=Now(), heartbeat_at=Now())


def time_passes(by: timedelta = timedelta(minutes=1)) -> None:
    """Let every cause have lasted, and every absence too."""
    Alert.objects.update(since=F("since") - by, absent_since=F("absent_since") - by)


def told(name: str) -> list[str]:
    """Return the sentences of the events of this name."""
    return [fact.data["sentence"] for fact in Fact.objects.filter(name=name).order_by("id")]


def test_the_keeper_has_the_duty() -> None:
    assert alerts.DUTY in [duty.name for duty in duties.upkeep()]


def test_a_well_installation_has_no_alert() -> None:
    assert watch() == 0
    assert alerts.current() == []


def test_an_alert_opens_when_its_cause_lasts_and_closes_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "backline.health")
    steps.in_line(queue="exports")
    assert watch() == 0  # a restart is no alert
    [cause] = alerts.current()  # but pages show it at once
    assert (cause.reason, cause.queue, cause.jobs) == ("no worker", "exports", 1)
    time_passes()
    steps.in_line(queue="exports")
    assert [watch(), watch()] == [1, 0]
    assert alerts.current()[0].jobs == 2
    sentence = "No live worker takes from queue exports. 2 jobs wait."
    assert told("maintenance.alert_opened") == [sentence]
    assert f"alert opened: {sentence} Run: celery -A config worker -Q exports" in caplog.text

    steps.a_worker("two@here", queues=("exports",))
    assert watch() == 0
    assert alerts.current() == []  # pages are green at once, while the alert is still open
    assert told("maintenance.alert_closed") == []
    time_passes()
    assert [watch(), watch()] == [1, 0]
    assert told("maintenance.alert_closed") == [sentence]
    assert f"alert closed: {sentence}" in caplog.text
    assert alerts.current() == []


def test_a_cause_that_goes_before_it_is_an_alert_is_not_reported() -> None:
    steps.in_line(queue="exports")
    watch()
    steps.a_worker("two@here", queues=("exports",))
    assert watch() == 0
    assert alerts.current() == []
    time_passes()
    assert watch() == 0
    assert not Alert.objects.exists()
    assert told("maintenance.alert_opened") == told("maintenance.alert_closed") == []


@pytest.mark.parametrize("good_look", range(7))
def test_a_cause_that_one_look_in_seven_misses_is_one_alert_and_one_notification(
    good_look: int, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.BACKLINE_ALERTS_TO = ["ops@example.com"]
    for number in range(28):
        with monkeypatch.context() as patch:
            if number % 7 != good_look:
                patch.setattr("apps.maintenance.health.servers.answer_time", refuse)
            watch()
        reasons = [cause.reason for cause in alerts.current()]
        assert reasons == ([] if number % 7 == good_look else ["broker"])  # pages follow each look
        time_passes(timedelta(seconds=5))
    assert len(told("maintenance.alert_opened")) == 1
    assert told("maintenance.alert_closed") == []
    [job] = Job.objects.filter(kind="maintenance.alerts")
    assert attempted(job.pk) == "succeeded"
    assert len(mail.outbox) == 1
    time_passes()
    for _ in range(2):
        watch()
        time_passes()
    assert len(told("maintenance.alert_closed")) == 1


def test_a_cause_that_comes_back_after_its_alert_was_closed_opens_another() -> None:
    for opened in (1, 2):
        an_alert()
        assert len(told("maintenance.alert_opened")) == opened
        Job.objects.filter(queue="exports").update(queue="default")
        Ready.objects.all().delete()
        watch()
        time_passes()
        watch()
        assert len(told("maintenance.alert_closed")) == opened


def test_an_absence_is_measured_from_a_look_not_from_a_time_without_looks() -> None:
    an_alert()
    Ready.objects.all().delete()
    time_passes(timedelta(hours=1))  # no keeper led
    assert watch() == 0
    assert told("maintenance.alert_closed") == []


def refuse(*_: object) -> float:
    """Answer as a broker that is away."""
    raise BrokerAway("refused")


def test_several_causes_are_kept_side_by_side() -> None:
    Beat.objects.all().delete()
    steps.in_line(kind="shop.released_tomorrow")
    Worker.objects.update(queues=["default", "exports"])
    watch()
    assert {cause.reason for cause in alerts.current()} == {"beat", "unknown kind"}


def test_a_stale_answer_is_never_shown_as_well() -> None:
    watch()
    Duty.objects.filter(name=alerts.DUTY).update(ran_at=Now() - timedelta(minutes=5))
    assert f"did not end its task {alerts.DUTY} for" in alerts.current()[0].sentence
    Duty.objects.update(ran_at=Now() - timedelta(minutes=5))
    assert alerts.current() == [engine.KEEPER_DEAD]


def test_metrics_show_one_alert_of_the_keeper_when_its_watch_fails_too() -> None:
    Duty.objects.filter(name="relay").update(error="ValueError: a fault")
    watch()
    Duty.objects.filter(name=alerts.DUTY).update(
        error="OperationalError: canceling statement due to lock timeout"
    )
    [cause] = alerts.current()
    assert (cause.reason, "pg_locks" in cause.mend) == ("keeper", True)


def test_a_database_that_accepts_no_writes_comes_before_a_stale_answer() -> None:
    Duty.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION READ ONLY")
    [cause] = alerts.current()
    assert cause.sentence == "The database accepts no writes: no job starts or ends."


def test_a_relay_that_fails_is_a_cause() -> None:
    Duty.objects.filter(name="relay").update(error="The broker is away: refused")
    [cause] = engine.engine().causes()
    assert (cause.reason, cause.sentence) == ("broker", "The keeper cannot reach the broker: refused.")
    Duty.objects.filter(name="relay").update(error="ValueError: a fault")
    [cause] = engine.engine().causes()
    assert cause.sentence == "The keeper's task relay fails: ValueError: a fault."
    Duty.objects.filter(name="relay").update(error="")
    assert engine.engine().causes() == []


def an_alert() -> None:
    """Let a cause have lasted."""
    steps.in_line(queue="exports")
    watch()
    time_passes()
    watch()


def test_an_alert_is_one_mail_to_the_admins(settings: Settings) -> None:
    settings.BACKLINE_ALERTS_TO = ["ops@example.com"]
    steps.in_line(queue="reports")
    an_alert()
    [job] = Job.objects.filter(kind="maintenance.alerts")
    assert attempted(job.pk) == "succeeded"
    [letter] = mail.outbox
    assert (letter.to, letter.subject[:9]) == (["ops@example.com"], "2 alerts:")
    assert "No live worker takes from queue exports. 1 job waits. Run: celery -A config" in letter.body
    assert "/admin/jobs/queue/" in letter.body


def test_an_alert_that_is_closed_by_then_needs_no_mail(settings: Settings) -> None:
    settings.BACKLINE_ALERTS_TO = ["ops@example.com"]
    an_alert()
    steps.a_worker("two@here", queues=("exports",))
    watch()
    time_passes()
    watch()
    [job] = Job.objects.filter(kind="maintenance.alerts")
    assert attempted(job.pk) == "succeeded"
    assert mail.outbox == []


def test_an_open_alert_whose_cause_is_absent_just_now_is_in_the_mail_with_that(settings: Settings) -> None:
    settings.BACKLINE_ALERTS_TO = ["ops@example.com"]
    an_alert()
    steps.a_worker("two@here", queues=("exports",))
    watch()
    mail_admins()
    assert "(Not seen since " in mail.outbox[0].body


def test_without_a_recipient_the_result_names_the_setting() -> None:
    an_alert()
    assert mail_admins() == "no recipient: set BACKLINE_ALERTS_TO"
