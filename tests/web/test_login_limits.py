"""The limits on guessing passwords hold by account and by place, whatever the request says of itself."""

from datetime import timedelta

import pytest
from django.db.models import F
from django.test import Client
from django.urls import reverse

from apps.accounts.models import User
from apps.web import login_brake
from apps.web.models import LoginTry
from tests.web.people import PASSWORD, client_of, person

LOGIN = reverse("login")
TOO_MANY = "Too many"


def answer(password: str, *, email: str = "tom@aldervale.example", place: str = "192.0.2.1") -> str:
    client = Client(REMOTE_ADDR=place)
    return client.post(LOGIN, {"username": email, "password": password}).content.decode()


@pytest.mark.parametrize(
    "spellings",
    [
        ("ADMIN@aldervale.example", "admin@aldervale.example"),
        ("adm\u0130n@aldervale.example", "admin@aldervale.example"),  # PostgreSQL may fold the dotted capital
        (" admin@aldervale.example", "admin@aldervale.example "),
        ("adm\u0131n@aldervale.example", "admin@aldervale.example"),
        ("admin@aldervale.example\u200b", "admin@aldervale.example"),
    ],
)
def test_spellings_of_one_account_share_its_tries(spellings: tuple[str, str], db: None) -> None:
    person("admin@aldervale.example")
    for number in range(20):
        answer("wrong", email=spellings[number % 2])
    of_the_account = LoginTry.objects.filter(address="admin@aldervale.example", ip="192.0.2.1")
    assert [row.tries for row in of_the_account] == [login_brake.MOST]
    assert TOO_MANY in answer(PASSWORD, email="admin@aldervale.example")


@pytest.mark.parametrize("place", ["not-an-ip", "", "999.1.1.1", "unix:/run/web.sock", "::ffff:10.0.0.1.9"])
def test_whoever_names_no_address_is_one_place(place: str, owner: User) -> None:
    for _ in range(login_brake.MOST):
        answer("wrong", place=place)
    assert TOO_MANY in answer(PASSWORD, place="another-odd-name")


@pytest.mark.parametrize(
    ("one", "other", "is_shared"),
    [
        ("2001:db8::1", "2001:db8::ffff", True),
        ("2001:db8:0:1ff::1", "2001:db8:0:200::1", False),
        ("::1", "::1", True),
        ("::ffff:192.0.2.9", "192.0.2.9", True),
    ],
)
def test_addresses_of_one_network_are_one_place(one: str, other: str, is_shared: bool, owner: User) -> None:
    for _ in range(login_brake.MOST):
        answer("wrong", place=one)
    assert (TOO_MANY in answer("wrong", place=other)) is is_shared


def test_one_password_tried_on_many_accounts_meets_the_limit_of_the_place(
    owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(login_brake, "MOST_FROM_A_PLACE", 7)
    told = [answer("wrong", email=f"p{number}@aldervale.example") for number in range(8)]
    assert [TOO_MANY in page for page in told] == [False] * 7 + [True]
    assert TOO_MANY not in answer("wrong", email="p9@aldervale.example", place="192.0.2.2")


def test_many_places_share_the_limit_of_an_account(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(login_brake, "MOST_FOR_AN_ACCOUNT", 7)
    told = [answer("wrong", place=f"198.51.100.{number}") for number in range(8)]
    assert [TOO_MANY in page for page in told] == [False] * 7 + [True]


def test_a_total_starts_anew_after_the_time_of_a_break(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(login_brake, "MOST_FROM_A_PLACE", 3)
    for number in range(4):
        answer("wrong", email=f"p{number}@aldervale.example")
    LoginTry.objects.update(last_at=F("last_at") - login_brake.BREAK - timedelta(seconds=1))
    assert TOO_MANY not in answer("wrong", email="p5@aldervale.example")


def test_a_right_password_takes_back_only_its_own_tries(owner: User) -> None:
    answer("wrong", email="other@aldervale.example")
    answer("wrong")
    answer(PASSWORD)
    [left] = LoginTry.objects.filter(address="", ip="192.0.2.1").values_list("tries", flat=True)
    assert left == 1


def test_the_old_password_cannot_be_guessed_from_a_borrowed_session(db: None) -> None:
    boss = person("boss@aldervale.example", is_staff=True)
    client, page = client_of(boss), reverse("admin:password_change")
    new = {"new_password1": "a quite new sentence", "new_password2": "a quite new sentence"}
    for _ in range(login_brake.MOST):
        client.post(page, {"old_password": "wrong", **new})
    assert TOO_MANY in client.post(page, {"old_password": PASSWORD, **new}).content.decode()
    LoginTry.objects.all().delete()
    changed = client.post(page, {"old_password": PASSWORD, **new})
    assert changed.headers["Location"] == reverse("admin:password_change_done")
