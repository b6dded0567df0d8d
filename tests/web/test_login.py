"""Logging in, and what stops people who guess."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.urls import reverse

from apps.accounts.models import User
from apps.web import login_brake
from apps.web.models import LoginTry
from tests.web.people import PASSWORD

LOGIN = reverse("login")


def page(client: Client, password: str, email: str = "tom@aldervale.example") -> str:
    return client.post(LOGIN, {"username": email, "password": password}).content.decode()


def test_the_right_password_leads_home(owner: User, client: Client) -> None:
    answer = client.post(LOGIN, {"username": owner.email, "password": PASSWORD})
    assert answer.headers["Location"] == "/"


def test_the_address_may_be_written_in_any_case(owner: User, client: Client) -> None:
    answer = client.post(LOGIN, {"username": owner.email.upper(), "password": PASSWORD})
    assert answer.status_code == 302


@pytest.mark.parametrize(
    ("wanted", "where"),
    [
        ("/imports/?before=7", "/imports/?before=7"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("http:///evil.example", "/"),
        ("\t//evil.example", "/"),
    ],
)
def test_after_the_login_one_stays_on_this_site(wanted: str, where: str, owner: User, client: Client) -> None:
    answer = client.post(LOGIN, {"username": owner.email, "password": PASSWORD, "next": wanted})
    assert answer.headers["Location"] == where


@pytest.mark.parametrize("wanted", ["https://evil.example/", "//evil.example/"])
def test_the_admins_login_leads_to_no_other_site(wanted: str, client: Client, db: None) -> None:
    answer = client.get(reverse("admin_login"), {"next": wanted})
    assert answer.headers["Location"] == "/login/?next=%2Fadmin%2F"


def test_a_wrong_password_says_so_without_saying_whether_the_person_exists(
    owner: User, client: Client
) -> None:
    known, unknown = page(client, "wrong"), page(client, "wrong", "nobody@aldervale.example")
    assert "E-mail address or password is wrong." in known
    assert "4 attempts left, then a 5-minute lock" in known
    assert known.count("E-mail address or password is wrong.") == unknown.count(
        "E-mail address or password is wrong."
    )
    assert "4 attempts left, then a 5-minute lock" in unknown


def test_what_is_missing_is_said_next_to_its_field(client: Client, db: None) -> None:
    answer = client.post(LOGIN, {"username": "", "password": ""}).content.decode()
    assert "Enter your e-mail address." in answer
    assert "Enter your password." in answer
    assert LoginTry.objects.count() == 0


def test_the_sixth_try_is_not_even_looked_at(owner: User, client: Client) -> None:
    for _ in range(login_brake.MOST):
        page(client, "wrong")
    assert "Too many failed attempts" in page(client, PASSWORD)


def test_after_the_break_the_password_counts_again(owner: User, client: Client) -> None:
    for _ in range(login_brake.MOST):
        page(client, "wrong")
    LoginTry.objects.update(last_at=F("last_at") - login_brake.BREAK - timedelta(seconds=1))
    assert client.post(LOGIN, {"username": owner.email, "password": PASSWORD}).status_code == 302


def test_knocking_during_the_break_does_not_make_it_longer(owner: User, client: Client) -> None:
    for _ in range(login_brake.MOST):
        page(client, "wrong")
    before = list(LoginTry.objects.order_by("id").values_list("tries", "last_at"))
    page(client, "wrong")
    assert list(LoginTry.objects.order_by("id").values_list("tries", "last_at")) == before


def test_a_good_login_forgets_the_tries(owner: User, client: Client) -> None:
    page(client, "wrong")
    client.post(LOGIN, {"username": owner.email, "password": PASSWORD})
    assert LoginTry.objects.count() == 0


def test_somebody_elsewhere_is_not_locked_out_by_a_guesser(owner: User, client: Client) -> None:
    for _ in range(login_brake.MOST):
        page(client, "wrong")
    elsewhere = Client(REMOTE_ADDR="192.0.2.7")
    assert elsewhere.post(LOGIN, {"username": owner.email, "password": PASSWORD}).status_code == 302


def test_tries_of_long_ago_are_forgotten_by_and_by(owner: User, client: Client) -> None:
    page(client, "wrong", "old@aldervale.example")
    LoginTry.objects.update(last_at=F("last_at") - timedelta(days=2))
    page(client, "wrong")
    assert set(LoginTry.objects.values_list("address", flat=True)) == {owner.email, ""}


@pytest.mark.django_db(transaction=True)
def test_many_guesses_at_once_get_five_tries_between_them() -> None:
    def guess(_: int) -> int | None:
        try:
            return login_brake.take_a_try(_request(), "tom@aldervale.example")
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=8) as pool:
        taken = list(pool.map(guess, range(16)))
    assert sorted(left for left in taken if left is not None) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    "address", ["x" * 5000, "a\x00b@example.org", "\ud800", "'; DROP TABLE web_login_try; --"]
)
def test_a_hostile_address_is_just_wrong(address: str, client: Client, db: None) -> None:
    answer = client.post(LOGIN, {"username": address.encode("utf-8", "replace").decode(), "password": "x"})
    assert answer.status_code == 200


def test_unless_asked_otherwise_the_login_ends_with_the_browser(owner: User, client: Client) -> None:
    client.post(LOGIN, {"username": owner.email, "password": PASSWORD})
    assert client.session.get_expire_at_browser_close()


def test_keep_me_logged_in_lasts_for_days(owner: User, client: Client) -> None:
    client.post(LOGIN, {"username": owner.email, "password": PASSWORD, "remember": "on"})
    assert not client.session.get_expire_at_browser_close()


def test_logging_out_ends_the_session(browser: Client) -> None:
    assert browser.post(reverse("logout")).headers["Location"] == LOGIN
    assert browser.get("/").status_code == 302


def _request() -> HttpRequest:
    return RequestFactory().post(LOGIN)
