"""The theme is set by the server, so that nothing flashes."""

import pytest
from django.test import Client
from django.urls import reverse

from tests.web.people import client_of, person

THEME = reverse("theme")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_chosen_theme_is_in_the_page_itself(theme: str, browser: Client) -> None:
    answer = browser.post(THEME, {"theme": theme, "next": "/imports/"})
    assert answer.headers["Location"] == "/imports/"
    assert f'data-theme="{theme}"' in browser.get("/").content.decode()


def test_the_systems_own_theme_needs_no_cookie(browser: Client) -> None:
    browser.post(THEME, {"theme": "dark"})
    browser.post(THEME, {"theme": "system"})
    assert "data-theme" not in browser.get("/").content.decode()


def test_the_cookie_is_ours_alone_and_lasts(browser: Client) -> None:
    cookie = browser.post(THEME, {"theme": "dark"}).cookies["theme"]
    assert cookie["samesite"] == "Lax"
    assert cookie["httponly"]
    assert cookie["max-age"] > 300 * 24 * 3600


def test_a_cookie_with_anything_else_in_it_is_ignored(browser: Client) -> None:
    browser.cookies["theme"] = '"><script>'
    page = browser.get("/").content.decode()
    assert "data-theme" not in page
    assert '"><script>' not in page


def test_an_unknown_theme_is_refused(browser: Client) -> None:
    assert browser.post(THEME, {"theme": "sepia"}).status_code == 400


def test_the_switch_leads_to_no_other_site(browser: Client) -> None:
    assert browser.post(THEME, {"theme": "dark", "next": "//evil.example/"}).headers["Location"] == "/"


def test_it_works_before_logging_in(client: Client, db: None) -> None:
    client.post(THEME, {"theme": "dark"})
    assert 'data-theme="dark"' in client.get(reverse("login")).content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_one_switch_serves_the_pages_and_the_admin(theme: str) -> None:
    browser = client_of(person("ada@aldervale.example", is_staff=True, is_superuser=True))
    assert browser.post(THEME, {"theme": theme, "next": "/admin/"}).headers["Location"] == "/admin/"
    page = browser.get("/admin/").content.decode()
    assert f'<meta name="color-scheme" content="{theme}">' in page
    assert f"theme-{theme}.css" in page
    assert f'value="{theme}" aria-pressed="true"' in page
    assert "theme.js" not in page, "Django's own switch would be a second one"


@pytest.mark.django_db
def test_the_icon_that_browsers_ask_for_is_there(client: Client) -> None:
    answer = client.get("/favicon.ico")
    assert answer.status_code == 302
    assert answer["Location"].endswith("mark.svg")
