"""A person who may only view schedules sees no secret in their arguments; the editor sees what is edited."""

import json
from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django_celery_beat.models import PeriodicTask

from apps.accounts.models import User
from apps.schedules.models.version import Version
from apps.schedules.versions import record
from tests.kinds import held  # noqa: F401  # each is a Celery task from here on
from tests.schedules.conftest import LIST

pytestmark = pytest.mark.django_db
Make = Callable[..., PeriodicTask]

SECRET = "hunter2"
STORED = [
    ("kinds.held", [], {"until": "x", "password": SECRET}),
    ("kinds.held", ["x", SECRET], {}),
    ("elsewhere.login", ["x", SECRET], {"api_key": SECRET, "deep": {"dsn": SECRET}}),
    ("elsewhere.login", [f"redis://:{SECRET}@here"], {"password": SECRET}),
    ("celery.backend_cleanup", [{"token": SECRET}], {}),
]


def with_rights(client: Client, *names: str) -> Client:
    """Log a member of the staff in who has these permissions."""
    person = User.objects.create_user("person@example.com", "secret", is_staff=True)
    person.user_permissions.set(Permission.objects.filter(codename__in=names))
    client.force_login(person)
    return client


@pytest.fixture
def viewer(client: Client) -> Client:
    """A member of the staff who may view schedules and their versions."""
    return with_rights(client, "view_periodictask", "view_version")


@pytest.mark.parametrize(("task", "args", "kwargs"), STORED)
def test_viewer_sees_no_secret_on_any_page(
    viewer: Client, every: Make, task: str, args: list[object], kwargs: dict[str, object]
) -> None:
    headers = json.dumps({"authorization": f"Bearer {SECRET}"})
    schedule = every(task=task, args=json.dumps(args), kwargs=json.dumps(kwargs), headers=headers)
    record([schedule.pk], Version.How.ADMIN, by="somebody")
    version = Version.objects.get(schedule_id=schedule.pk)
    form = viewer.get(f"{LIST}{schedule.pk}/change/").content.decode()
    assert form.count("***") >= 2
    typed = viewer.get(reverse("admin:schedules_arguments", args=[schedule.pk]), {"task": task})
    pages = [form, typed.content.decode(), viewer.get(LIST).content.decode()]
    if not args:  # by position a version has no names
        pages.append(
            viewer.get(reverse("admin:schedules_version_change", args=[version.pk])).content.decode()
        )
        pages.append(viewer.get(reverse("admin:schedules_version_changelist")).content.decode())
    assert [page for page in pages if SECRET in page] == []


def test_text_that_is_no_json_is_masked(viewer: Client, every: Make) -> None:
    schedule = every(kwargs=f'{{"password": "{SECRET}"', headers=f'{{"token": "{SECRET}"')
    record([schedule.pk], Version.How.ADMIN, by="somebody")
    version = Version.objects.get(schedule_id=schedule.pk)
    for url in (
        f"{LIST}{schedule.pk}/change/",
        reverse("admin:schedules_version_change", args=[version.pk]),
    ):
        page = viewer.get(url).content.decode()
        assert SECRET not in page
        assert page.count("***") >= 2


def test_editor_sees_and_keeps_what_is_stored(client: Client, every: Make) -> None:
    editor = with_rights(client, "view_periodictask", "change_periodictask")
    schedule = every(task="kinds.held", kwargs=json.dumps({"until": "x", "password": SECRET}))
    assert SECRET in editor.get(f"{LIST}{schedule.pk}/change/").content.decode()
    assert SECRET in editor.get(reverse("admin:schedules_export")).content.decode()


def test_viewer_cannot_export(viewer: Client, every: Make) -> None:
    schedule = every(kwargs=json.dumps({"a": 1}))
    assert viewer.get(reverse("admin:schedules_export")).status_code == 403
    assert "/export/" not in viewer.get(LIST).content.decode()
    chosen = {"action": "export", "_selected_action": [schedule.pk]}
    assert "attachment" not in viewer.post(LIST, chosen).get("Content-Disposition", "")


@pytest.mark.parametrize("column", ["args", "kwargs", "headers"])
def test_list_cannot_be_filtered_by_arguments(viewer: Client, every: Make, column: str) -> None:
    every(kwargs=json.dumps({"password": SECRET}))
    assert viewer.get(LIST, {f"{column}__contains": "hunt"}).status_code == 400
