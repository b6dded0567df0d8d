"""No value in an address breaks a page: what cannot be read is refused, or finds nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib import admin
from django.urls import reverse
from pytest_django import Settings

from apps.accounts.models import User
from tests.security.addresses import objects
from tests.web.people import client_of

USUAL = ("q", "p", "o", "all", "_facets", "e")
BESIDE_LISTS = {
    "home": ("before", "mark"),
    "imports": ("before",),
    "poll_jobs": ("seen", "mark"),
    "login": ("next",),
    "flower": ("to",),
    "leave_newsletter": ("token",),
    "admin:jobs_deadletter_groups": ("kind", "days"),
    "admin:schedules_day": ("day",),
    "admin:schedules_pause": ("ids",),
    "admin:schedules_arguments": ("task",),
    "admin:events_fact_ask": ("ids", "all", "event", "since"),
}
ASKED = (
    "ids",
    "all",
    "kind",
    "tenant",
    "fingerprint",
    "state",
    "since",
    "until",
    "discarded",
    "scope",
    "name",
)
HOSTILE = ("9" * 30, "-1", "\u0663", "x'\"\x01%", "2026-99-99", "99999999999", "\ud7ff\ufffe", "a" * 3000)

pytestmark = pytest.mark.django_db


def test_no_value_of_a_parameter_is_an_error_of_ours(settings: Settings, tmp_path: Path) -> None:
    settings.BACKLINE_UPLOADS_DIR = tmp_path / "uploads"
    settings.BACKLINE_ARTIFACTS_DIR = tmp_path / "artifacts"
    objects()
    client = client_of(User.objects.create_superuser("root@aldervale.example", "x"))
    asked = [(path, name, value) for path, name in _parameters() for value in _values(path, name)]
    answers = {one: client.get(one[0], {one[1]: one[2]}).status_code for one in asked}
    assert [one for one, status in answers.items() if status >= 500] == []
    assert len(asked) > 300


@pytest.mark.parametrize("path", ["/admin/jobs/job/", "/admin/jobs/deadletter/", "/", "/login/", "/imports/"])
@pytest.mark.parametrize("query", ["kind=%00", "tenant=a%00b", "%00=1", "q=%00"])
def test_nul_in_an_address_is_a_bad_request(path: str, query: str) -> None:
    client = client_of(User.objects.create_superuser("root@aldervale.example", "x"))
    assert client.get(f"{path}?{query}").status_code == 400


def _parameters() -> Iterator[tuple[str, str]]:
    for model, model_admin in admin.site._registry.items():
        path = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        filters = [
            f"{each}__exact" if isinstance(each, str) else getattr(each, "parameter_name", "id__exact")
            for each in model_admin.list_filter
        ]
        yield from ((path, str(name)) for name in (*USUAL, *filters))
    for name, names in BESIDE_LISTS.items():
        yield from ((reverse(name), each) for each in names)
    for name, verbs in {"deadletter": ("replay",), "job": ("cancel", "again"), "queue": ("pause",)}.items():
        for verb in verbs:
            yield from ((reverse(f"admin:jobs_{name}_ask", args=[verb]), each) for each in ASKED)


def _values(path: str, name: str) -> Iterator[str]:
    """Yield all values for a page's own parameters, and by turns two for those that every list has."""
    if name not in USUAL:
        yield from HOSTILE
        return
    start = sum(map(ord, path + name)) % len(HOSTILE)
    yield HOSTILE[start]
    yield HOSTILE[(start + 3) % len(HOSTILE)]
