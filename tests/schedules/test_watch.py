"""A schedule that did not run on time is an alert, with or without a beat."""

from collections.abc import Callable
from datetime import timedelta
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from django.test import Client
from django_celery_beat.models import PeriodicTask

from apps.jobs import health
from apps.jobs.keeper import duties
from apps.schedules import heartbeat, probe
from apps.schedules.fire import fire
from apps.schedules.models import Alert
from apps.schedules.plan import plan
from apps.schedules.probe import Probe
from apps.schedules.watch import alerts, watch
from tests.schedules.conftest import LIST, came_due

Make = Callable[..., PeriodicTask]


@pytest.mark.django_db
def test_a_moment_that_nobody_takes_opens_one_alert_and_a_beat_that_comes_closes_it(
    every: Make, caplog: pytest.LogCaptureFixture
) -> None:
    schedule = every(name="nightly")
    came_due(schedule, timedelta(seconds=50))
    assert watch() == 0, "a beat may still come"
    came_due(schedule, timedelta(seconds=90))
    assert [watch(), watch()] == [1, 0]
    assert "no beat took that moment" in alerts().get().reason
    assert "'nightly' did not run" in caplog.text
    fire("beat")
    assert [watch(), watch()] == [1, 0]
    assert Alert.objects.get().closed_at is not None


@pytest.mark.django_db
def test_a_schedule_set_aside_is_an_alert_until_it_is_mended_switched_off_or_deleted(at: Make) -> None:
    mended, off, deleted = at("0 0 30 2 *"), at("0 0 30 2 *"), at("0 0 30 2 *")
    plan()
    assert watch() == 3
    PeriodicTask.objects.filter(pk=mended.pk).update(crontab=at("* * * * *").crontab)
    PeriodicTask.objects.filter(pk=off.pk).update(enabled=False)
    deleted.delete()
    plan()
    assert watch() == 3
    assert not alerts().exists()


@pytest.mark.django_db
def test_the_list_says_what_is_wrong(admin: Client, every: Make) -> None:
    assert "No beat is running" in admin.get(LIST).content.decode()
    heartbeat.sign_on()
    came_due(every(), timedelta(seconds=90))
    watch()
    page = admin.get(LIST).content.decode()
    assert "No beat is running" not in page
    assert "1 schedule did not run on time" in page
    assert '<span class="stands late">late</span>' in page
    page = admin.get("/admin/schedules/alert/?closed_at__isempty=1").content.decode()
    assert "no beat took that moment" in page
    assert ">Open</a>" in page
    assert ">Closed</a>" in page
    assert (
        "no beat took that moment"
        not in admin.get("/admin/schedules/alert/?closed_at__isempty=0").content.decode()
    )


def test_the_keeper_watches() -> None:
    assert "watch schedules" in {duty.name for duty in duties.prompt(lambda _: 0)}


@pytest.mark.django_db(transaction=True)
def test_a_beat_answers_whether_it_is_well(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Probe()
    port = health.answer(0, trouble=asked.trouble, metrics=asked.metrics)
    asked.ticked(fired=2, planned=3)
    with urlopen(f"http://127.0.0.1:{port}/healthz") as answer:
        assert answer.read() == b"well\n"
    with urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        text = answer.read().decode()
    assert f'backline_beat_moments_total{{beat="{heartbeat.name()}"}} 2' in text
    monkeypatch.setattr(probe, "_SILENCE_S", -1.0)
    with pytest.raises(HTTPError) as caught:
        urlopen(f"http://127.0.0.1:{port}/healthz")
    assert caught.value.code == 503
    assert b"No tick was whole" in caught.value.read()
