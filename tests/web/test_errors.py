"""Pages for what went wrong."""

from uuid import UUID

import pytest
from django.db import DatabaseError, connection
from django.test import Client, RequestFactory

from apps.web.pages import errors, home
from tests.web.people import client_of


def test_an_address_that_is_none_shows_itself_escaped(browser: Client) -> None:
    answer = browser.get('/no/"><script>alert(1)</script>')
    assert answer.status_code == 404
    assert b"<script>alert" not in answer.content
    assert b"Page not found" in answer.content


@pytest.mark.parametrize(
    ("address", "is_job"),
    [
        (f"/jobs/{UUID(int=7)}/", True),
        (f"/jobs/{UUID(int=7)}/log/", True),
        ("/admin/jobs/nothing/", False),
        ("/no/jobs/here/", False),
        ("/jobs/", False),
    ],
)
def test_only_the_address_of_a_job_may_be_another_persons(
    address: str, is_job: bool, admin_client: Client
) -> None:
    answer = admin_client.get(address)
    assert answer.status_code == 404
    assert ("The job may belong to another person." in answer.content.decode()) is is_job


def test_strangers_get_the_same_page(client: Client, db: None) -> None:
    assert client.get("/no/").status_code == 404


def test_the_page_for_our_own_failure_needs_no_database() -> None:
    with connection.execute_wrapper(_away):
        answer = errors.server_error(RequestFactory().get("/"))
    assert answer.status_code == 500
    assert b"Jobs that were started keep running" in answer.content


def test_a_page_whose_database_is_away_says_so_in_the_look(
    monkeypatch: pytest.MonkeyPatch, browser: Client
) -> None:
    monkeypatch.setattr(home, "my_jobs", _away)
    answer = browser.get("/")
    assert answer.status_code == 500
    assert b"Something went wrong on the server" in answer.content


def test_it_keeps_the_chosen_theme() -> None:
    request = RequestFactory().get("/", headers={"cookie": "theme=dark"})
    assert b'data-theme="dark"' in errors.server_error(request).content


def test_every_page_forbids_inline_scripts_and_framing(browser: Client) -> None:
    answer = browser.get("/")
    policy = answer.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "script-src 'self'" in policy
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("address", ["/", "/imports/", "/login/", "/no/"])
def test_no_page_has_inline_styles_or_scripts(address: str, browser: Client) -> None:
    viewer = client_of(None) if address == "/login/" else browser
    page = viewer.get(address).content.decode()
    assert " style=" not in page
    assert "<style" not in page
    assert " onclick=" not in page
    assert page.count("<script") == page.count('<script type="module" src="')


def _away(*_args: object, **_kwargs: object) -> object:
    raise DatabaseError("The database is away.")
