"""The way to Flower through our own pages."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from pytest_django.fixtures import Settings

from apps.accounts.models import User
from apps.ops.addresses import as_seen_from
from apps.ops.checks import check_flower_shares_the_cookie


@pytest.fixture
def viewer(client: Client, settings: Settings) -> Client:
    """A browser of somebody who may see workers."""
    settings.FLOWER_URL = "http://127.0.0.1:5555/"
    person = User.objects.create_user("viewer@example.com", "secret")
    person.user_permissions.set(Permission.objects.filter(codename="view_worker"))
    client.force_login(person)
    return client


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("wanted", "sent_to"),
    [
        ("", "http://127.0.0.1:5555/"),
        ("/tasks?state=x", "http://127.0.0.1:5555/tasks?state=x"),
        ("//evil.example/", "http://127.0.0.1:5555/evil.example/"),
        ("https://evil.example/", "http://127.0.0.1:5555/https://evil.example/"),
        ("@evil.example/", "http://127.0.0.1:5555/@evil.example/"),
        (".evil.example", "http://127.0.0.1:5555/.evil.example"),
        ("/x\r\nSet-Cookie: a=b", None),
    ],
)
def test_the_way_back_leads_to_flower_only(viewer: Client, wanted: str, sent_to: str | None) -> None:
    answer = viewer.get("/flower/", {"to": wanted}, headers={"host": "127.0.0.1:8000"})
    assert answer.status_code == 302
    if sent_to is not None:
        assert answer["Location"] == sent_to
    assert answer["Location"].startswith("http://127.0.0.1:5555/")
    assert "\n" not in answer["Location"]


@pytest.mark.django_db
def test_the_host_name_in_use_is_kept(viewer: Client) -> None:
    answer = viewer.get("/flower/", headers={"host": "localhost:8000"})
    assert answer["Location"] == "http://localhost:5555/"


@pytest.mark.django_db
def test_who_may_not_see_workers_is_refused(client: Client, settings: Settings) -> None:
    settings.FLOWER_URL = "http://127.0.0.1:5555/"
    assert client.get("/flower/")["Location"] == "/login/?next=/flower/"
    client.force_login(User.objects.create_user("stranger@example.com", "secret"))
    assert client.get("/flower/").status_code == 403


@pytest.mark.django_db
def test_without_an_address_there_is_no_page(viewer: Client, settings: Settings) -> None:
    settings.FLOWER_URL = ""
    assert viewer.get("/flower/").status_code == 404


@pytest.mark.parametrize(
    ("url", "host", "seen"),
    [
        ("http://127.0.0.1:8000/", "localhost", "http://localhost:8000/"),
        ("http://localhost:8000", "127.0.0.1", "http://127.0.0.1:8000"),
        ("http://127.0.0.1:8000/", "[::1]", "http://[::1]:8000/"),
        ("http://127.0.0.1:8000/", "evil.example", "http://127.0.0.1:8000/"),
        ("https://jobs.example/", "localhost", "https://jobs.example/"),
    ],
)
def test_only_loopback_names_stand_for_one_another(url: str, host: str, seen: str) -> None:
    assert as_seen_from(url, host) == seen


@pytest.mark.parametrize(
    ("web", "flower", "warnings"),
    [
        ("http://127.0.0.1:8000/", "http://localhost:5555/", 0),
        ("https://jobs.example/", "https://jobs.example/flower/", 0),
        ("https://jobs.example/", "", 0),
        ("https://jobs.example/", "https://flower.example/", 1),
    ],
)
def test_a_cookie_that_cannot_reach_flower_is_warned_of(
    settings: Settings, web: str, flower: str, warnings: int
) -> None:
    settings.WEB_URL, settings.FLOWER_URL = web, flower
    assert len(check_flower_shares_the_cookie(None)) == warnings
