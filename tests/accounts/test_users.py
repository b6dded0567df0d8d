"""People log in by e-mail address, whatever its case, and have one account each."""

from io import StringIO

import pytest
from django.contrib.auth import authenticate
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from apps.accounts.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def quick_passwords(settings: Settings) -> None:
    """Hash passwords in no time; what is tested is who they let in."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


PASSWORD = "a long enough sentence"


@pytest.mark.parametrize("typed", ["ada@example.org", "ADA@EXAMPLE.ORG", "Ada@Example.org"])
def test_people_log_in_by_any_case_of_their_address(typed: str) -> None:
    ada = User.objects.create_user("Ada@Example.org", PASSWORD)
    assert authenticate(username=typed, password=PASSWORD) == ada


@pytest.mark.parametrize("typed", ["ada@example.or", "ada", "", "%", "_da@example.org"])
def test_a_stranger_is_not_let_in(typed: str) -> None:
    User.objects.create_user("ada@example.org", PASSWORD)
    assert authenticate(username=typed, password=PASSWORD) is None


def test_a_wrong_password_is_not_let_in() -> None:
    User.objects.create_user("ada@example.org", PASSWORD)
    assert authenticate(username="ada@example.org", password=PASSWORD.upper()) is None


def test_nobody_is_let_in_who_was_switched_off() -> None:
    User.objects.create_user("ada@example.org", PASSWORD, is_active=False)
    assert authenticate(username="ada@example.org", password=PASSWORD) is None


@pytest.mark.parametrize("other", ["ada@example.org", "ADA@example.org", "ada@EXAMPLE.ORG"])
def test_an_address_is_one_account_whatever_its_case(other: str) -> None:
    User.objects.create_user("ada@example.org", PASSWORD)
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create_user(other, PASSWORD)
    with pytest.raises(ValidationError, match=r"already exists|user_email_is_unique"):
        User(email=other, password="x").full_clean()


def test_create_user_makes_an_ordinary_person() -> None:
    ada = User.objects.create_user("ada@example.org", PASSWORD)
    assert (ada.is_staff, ada.is_superuser, ada.is_active) == (False, False, True)
    assert ada.check_password(PASSWORD)


def test_a_person_without_a_password_cannot_log_in() -> None:
    ada = User.objects.create_user("ada@example.org")
    assert not ada.has_usable_password()
    assert authenticate(username="ada@example.org", password="") is None


def test_createsuperuser_makes_somebody_who_may_do_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    call_command("createsuperuser", email="Root@Example.org", interactive=False, stdout=StringIO())
    root = authenticate(username="root@example.org", password=PASSWORD)
    assert isinstance(root, User)
    assert (root.is_staff, root.is_superuser) == (True, True)


def test_createsuperuser_refuses_an_address_that_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    User.objects.create_user("root@example.org", PASSWORD)
    with pytest.raises((CommandError, IntegrityError)):
        call_command("createsuperuser", email="ROOT@example.org", interactive=False, stdout=StringIO())


@pytest.mark.parametrize(
    ("fields", "name", "initials"),
    [
        ({"email": "ada.lovelace@example.org"}, "ada.lovelace", "AL"),
        ({"email": "ada@example.org"}, "ada", "A"),
        (
            {"email": "a@b.org", "first_name": "Grace", "last_name": "Brewster Hopper"},
            "Grace Brewster Hopper",
            "GB",
        ),
        ({"email": "...@example.org"}, "...", "?"),
    ],
)
def test_a_person_is_called_by_name_or_by_the_front_of_the_address(
    fields: dict[str, str], name: str, initials: str
) -> None:
    person = User(**fields)
    assert (person.shown_name, person.initials) == (name, initials)


def test_a_login_looks_people_up_in_the_index() -> None:
    User.objects.create_user("ada@example.org")
    with connection.cursor() as cursor, CaptureQueriesContext(connection) as queries:
        User.objects.get_by_natural_key("ADA@example.org")
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN " + queries.captured_queries[0]["sql"])
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "Index Scan using user_email_is_unique_whatever_its_case" in plan
