"""A real Flower, started bare, asked over HTTP by people with and without a Django session."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client

from apps.accounts.models import User
from apps.local.servers.ports import free_port
from apps.local.servers.postgres import PostgresServer
from apps.local.servers.valkey import ValkeyServer
from tests.local.waiting import wait_until
from tests.ops.browser import Browser, is_up

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = ["/", "/workers", "/worker/w@here", "/tasks", "/task/x", "/broker", "/metrics"]
DOORS = ["/login", "/logout", "/nowhere"]
API = ["/api/workers", "/api/tasks", "/api/task/types", "/api/queues/length", "/api/task/info/x"]
ACTS = [
    f"/api/worker/{act}/w@here" for act in ("shutdown", "pool/grow", "pool/restart", "queue/add-consumer")
]
BEHIND_THE_LEDGER = [
    "/api/task/revoke/x",
    "/api/task/apply/kinds.add",
    "/api/task/async-apply/kinds.add",
    "/api/task/send-task/kinds.add",
    "/api/task/rate-limit/kinds.add",
    "/api/task/timeout/kinds.add",
    "/api/task/abort/x",
]
DATATABLE = (
    b"draw=1&start=0&length=10&search[value]=&order[0][column]=0&columns[0][data]=name&order[0][dir]=asc"
)
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("flower")]


@pytest.fixture(scope="module")
def flower(django_db_setup: None, postgres: PostgresServer, valkey: ValkeyServer) -> Iterator[int]:
    """Start Flower with nothing but its port, on the test's database; return the port."""
    port = free_port()
    environment = os.environ | {
        "DATABASE_URL": postgres.url(str(connection.settings_dict["NAME"])),
        "REDIS_URL": valkey.url(),
        "CELERY_BROKER_URL": valkey.url(),
        "BACKLINE_WEB_URL": "http://127.0.0.1:8000/",
        "FLOWER_UNAUTHENTICATED_API": "true",
    }
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "config", "flower", f"--port={port}"],
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=log,
        )
        try:
            wait_until(lambda: is_up(port) or process.poll() is not None, 60)
            yield port
        finally:
            process.terminate()
            process.wait(timeout=60)


@pytest.fixture
def anonymous(flower: int) -> Browser:
    return Browser(flower)


@pytest.fixture
def stranger(flower: int) -> Browser:
    return Browser(flower, _log_in(_person("stranger")))


@pytest.fixture
def viewer(flower: int) -> Browser:
    return Browser(flower, _log_in(_person("viewer", "view_worker")))


@pytest.fixture
def operator(flower: int) -> Browser:
    return Browser(flower, _log_in(_person("operator", "view_worker", "change_worker")))


def test_every_page_sends_the_anonymous_to_the_login_and_back(anonymous: Browser) -> None:
    for page in PAGES + DOORS:
        answer = anonymous.get(page)
        assert answer.status == 302, page
        expected = "http://127.0.0.1:8000/login/?next=%2Fflower%2F%3Fto%3D" + page.replace("/", "%252F")
        assert answer.headers["Location"].replace("%2540", "@") == expected


def test_the_api_is_closed_to_the_anonymous(anonymous: Browser) -> None:
    for path in API:
        assert anonymous.get(path).status == 401, path
        assert anonymous.get(path, Authorization="Basic YTpi").status == 401, path
    for path in ACTS + BEHIND_THE_LEDGER:
        assert anonymous.post(path).status in (401, 403), path


def test_only_health_and_style_are_open(anonymous: Browser) -> None:
    assert anonymous.get("/healthcheck").body == "OK"
    assert anonymous.get("/static/favicon.ico").status == 200
    assert anonymous.get("/static/../command.py").status in (302, 403, 404)


def test_a_person_without_the_right_is_refused(stranger: Browser) -> None:
    for path in PAGES + API:
        assert stranger.get(path).status == 403, path


def test_who_may_view_workers_sees_them(viewer: Browser) -> None:
    for path in ("/", "/workers", "/tasks", "/metrics", "/api/workers", "/api/tasks"):
        answer = viewer.get(path)
        assert answer.status == 200, path
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_a_viewer_may_search_tasks(viewer: Browser) -> None:
    assert viewer.post("/tasks/datatable", DATATABLE).status == 200


def test_a_viewer_may_look_but_not_act(viewer: Browser, operator: Browser) -> None:
    for path in ACTS:
        answer = viewer.post(path)
        assert (answer.status, answer.body) == (403, "You may look at workers, not change them."), path
        assert operator.post(path).status == 404, path  # admitted; there is no such worker


def test_nobody_acts_behind_the_ledgers_back(operator: Browser) -> None:
    for path in BEHIND_THE_LEDGER:
        answer = operator.post(path)
        assert answer.status == 403, path
        assert "not in Flower" in answer.body


def test_acting_needs_the_token_whatever_the_headers_say(operator: Browser) -> None:
    assert operator.post(ACTS[0], xsrf=False).status == 403
    assert operator.post(ACTS[0], xsrf=False, Authorization="Bearer x").status == 403
    assert operator.post(ACTS[0], xsrf=False, Authorization="Basic YTpi").status == 403
    assert operator.post(ACTS[0], b"", Origin="http://evil.example").status == 403


def test_forged_cookies_are_nobody(flower: int) -> None:
    for value in ("f" * 32, "x; user=admin", '"\\000bcdefghijklm"', "a" * 5000, "' OR 1=1 --aaaaaaaa"):
        browser = Browser(flower, f"sessionid={value}")
        assert (browser.get("/workers").status, browser.get("/api/workers").status) == (302, 401), value


def test_a_logout_is_noticed_at_once(flower: int) -> None:
    client = Client()
    client.force_login(_person("leaver", "view_worker"))
    browser = Browser(flower, f"sessionid={client.cookies['sessionid'].value}")
    assert browser.get("/workers").status == 200
    client.logout()
    assert browser.get("/workers").status == 302


def test_a_withdrawn_right_a_new_password_and_an_inactive_person_are_noticed_at_once(flower: int) -> None:
    person = _person("changing", "view_worker")
    browser = Browser(flower, _log_in(person))
    assert browser.get("/workers").status == 200
    person.user_permissions.clear()
    assert browser.get("/workers").status == 403
    person.user_permissions.set(Permission.objects.filter(codename="view_worker"))
    User.objects.filter(pk=person.pk).update(is_active=False)
    assert browser.get("/workers").status == 302
    User.objects.filter(pk=person.pk).update(is_active=True)
    assert browser.get("/workers").status == 200
    person.set_password("another")
    person.save()
    assert browser.get("/workers").status == 302


def test_an_expired_session_is_nobody(viewer: Browser) -> None:
    assert viewer.get("/workers").status == 200
    Session.objects.update(expire_date="2020-01-01T00:00:00Z")
    assert viewer.get("/workers").status == 302


def test_flowers_logout_leads_to_the_pages(viewer: Browser) -> None:
    assert viewer.get("/logout").headers["Location"] == "http://127.0.0.1:8000"


def test_flower_does_not_start_with_a_page_that_the_login_does_not_know(valkey: ValkeyServer) -> None:
    code = (
        "import sys, flower.urls, tornado.web\n"
        "flower.urls.handlers.insert(0, (r'/open', tornado.web.RequestHandler))\n"
        "from celery.__main__ import main\n"
        f"sys.argv = ['celery', '-A', 'config', 'flower', '--port={free_port()}']\n"
        "main()\n"
    )
    environment = os.environ | {"CELERY_BROKER_URL": valkey.url()}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode != 0
    assert "a page that the login does not know" in done.stderr
    assert "Visit me" not in done.stderr


def _person(name: str, *rights: str) -> User:
    person = get_user_model().objects.create_user(f"{name}@example.com", "secret")
    person.user_permissions.set(Permission.objects.filter(codename__in=rights))
    return person


def _log_in(person: User) -> str:
    client = Client()
    client.force_login(person)
    return f"sessionid={client.cookies['sessionid'].value}"
