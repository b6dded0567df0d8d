"""cleanups.caches: what is over goes, what is not stays."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import caches
from django.core.management import call_command
from django.utils import timezone
from pytest_django import Settings

from apps.maintenance import expired
from tests.tasks.steps import ran, result_of

pytestmark = pytest.mark.django_db

NO_TABLES: dict[str, int] = {}


def a_session(key: str, *, over: bool) -> None:
    moment = timezone.now() + timedelta(hours=-1 if over else 1)
    Session.objects.create(session_key=key, session_data="", expire_date=moment)


def test_sessions_that_are_over_go_and_the_others_stay() -> None:
    a_session("over", over=True)
    a_session("fresh", over=False)
    assert ran("cleanups.caches").result == {"sessions": 1, "cache_rows": NO_TABLES}
    assert [session.session_key for session in Session.objects.all()] == ["fresh"]


def test_with_nothing_over_it_says_so() -> None:
    assert ran("cleanups.caches").result == {"sessions": 0, "cache_rows": NO_TABLES}


def test_many_go_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expired, "_BATCH", 3)
    for number in range(8):
        a_session(f"over {number}", over=True)
    assert expired.delete_expired_sessions() == 8


def test_expired_rows_of_a_cache_that_is_a_table_go(settings: Settings) -> None:
    backend = {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "a cache"}
    memory = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    settings.CACHES = {"default": memory, "kept": backend}
    call_command("createcachetable")
    caches["kept"].set("over", 1, timeout=-1)
    caches["kept"].set("fresh", 2, timeout=60)
    caches["kept"].set("for-ever", 3, timeout=None)
    results = [result_of(ran("cleanups.caches")) for _ in range(2)]
    assert [found["cache_rows"] for found in results] == [{"kept": 1}, {"kept": 0}]
    assert caches["kept"].get_many(["over", "fresh", "for-ever"]) == {"fresh": 2, "for-ever": 3}


@pytest.mark.parametrize("engine", ["signed_cookies", "cache"])
def test_sessions_that_are_no_rows_are_left_to_their_engine(settings: Settings, engine: str) -> None:
    a_session("over", over=True)
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    assert expired.delete_expired_sessions() == 0
    assert Session.objects.count() == 1
