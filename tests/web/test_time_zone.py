"""Each person sees and types times in a zone of their own; every page names it."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from apps.accounts.models import User
from apps.jobs.models import Job, Pause
from tests.jobs import steps
from tests.web.people import client_of, own, person

pytestmark = pytest.mark.django_db
ZONE = reverse("time_zone")
EUCLA = "Australia/Eucla"  # 8 h 45 min ahead of UTC


def test_a_chosen_zone_is_named_and_its_clock_shown(browser: Client, owner: User) -> None:
    job = own(steps.in_line(), owner)
    Job.objects.filter(pk=job.pk).update(enqueued_at=datetime(2026, 3, 1, 20, 0, tzinfo=UTC))
    page = browser.post(ZONE, {"time_zone": EUCLA}, follow=True).content.decode()
    assert f"Times are shown in {EUCLA}." in page
    assert f" {EUCLA}.</p>" in browser.get(ZONE).content.decode()
    page = browser.get(reverse("job", args=[job.pk])).content.decode()
    assert f">{EUCLA}</a>" in page
    assert "2 Mar 2026, 04:45" in page


def test_a_zone_that_does_not_exist_is_refused(browser: Client, owner: User) -> None:
    assert browser.post(ZONE, {"time_zone": "Mars/Base"}).status_code == 422
    owner.refresh_from_db()
    assert owner.time_zone == ""


def test_empty_is_the_zone_of_the_site(browser: Client, settings: Settings) -> None:
    settings.TIME_ZONE = "Europe/Berlin"
    assert ">Europe/Berlin</a>" in browser.get("/").content.decode()


def test_a_zone_that_this_machine_lacks_is_that_of_the_site(browser: Client, owner: User) -> None:
    User.objects.filter(pk=owner.pk).update(time_zone="Was/Renamed")
    assert browser.get("/").status_code == 200
    assert User.objects.get(pk=owner.pk).zone == timezone.get_default_timezone()


def test_one_persons_zone_is_not_the_next_ones(browser: Client, owner: User, client: Client) -> None:
    User.objects.filter(pk=owner.pk).update(time_zone=EUCLA)
    assert EUCLA in browser.get("/").content.decode()
    assert EUCLA not in client_of(person("other@aldervale.example")).get("/").content.decode()
    assert EUCLA not in client.get(reverse("login")).content.decode()


@pytest.mark.parametrize(
    "address",
    [
        "/admin/jobs/queue/ask/pause/?scope=queue&name=default",
        "/admin/django_celery_beat/periodictask/add/",
    ],
)
def test_every_picker_names_its_zone(address: str) -> None:
    admin = person("ada@aldervale.example", is_staff=True, is_superuser=True, time_zone=EUCLA)
    page = client_of(admin).get(address).content.decode()
    assert f"Time zone: {EUCLA}." in page
    assert f">{EUCLA}</a>" in page


def test_what_is_typed_is_read_in_it() -> None:
    admin = person("ada@aldervale.example", is_staff=True, is_superuser=True, time_zone=EUCLA)
    later = datetime.now(ZoneInfo(EUCLA)).replace(second=0, microsecond=0) + timedelta(hours=3)
    address = "/admin/jobs/queue/ask/pause/?scope=queue&name=default"
    client_of(admin).post(address, {"reason": "why", "until": f"{later:%Y-%m-%dT%H:%M}"})
    assert Pause.objects.get().until == later
