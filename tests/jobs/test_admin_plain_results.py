"""Results of plain Celery tasks in the admin hold no secrets, and cannot be searched for them."""

import json

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django_celery_results.models import TaskResult

from apps.accounts.models import User

pytestmark = pytest.mark.django_db

SECRET = "hunter2"
LIST = "admin:django_celery_results_taskresult_changelist"


@pytest.fixture
def viewer(client: Client) -> Client:
    """A member of the staff who may view results."""
    person = User.objects.create_user("viewer@example.com", "secret", is_staff=True)
    person.user_permissions.set(Permission.objects.filter(codename="view_taskresult"))
    client.force_login(person)
    return client


def page_of(viewer: Client, **stored: str) -> str:
    """Return the page of a result that a worker stored."""
    result = TaskResult.objects.create(task_id="a", task_name="elsewhere.login", **stored)
    url = reverse("admin:django_celery_results_taskresult_change", args=[result.pk])
    return viewer.get(url).content.decode()


@pytest.mark.parametrize(
    ("column", "stored"),
    [
        ("task_kwargs", json.dumps(repr({"password": SECRET, "a": 1}))),
        ("task_kwargs", json.dumps(repr({"pin": {"old": SECRET}}))),
        ("task_kwargs", json.dumps(repr({"password": SECRET})[:-2])),
        ("task_kwargs", json.dumps({"api_key": SECRET})),
        ("task_kwargs", repr({"api_key": SECRET})),
        ("task_args", json.dumps(repr((f"redis://:{SECRET}@here", 1)))),
        ("task_args", json.dumps([{"session_cookie": SECRET}])),
        ("result", json.dumps({"token": SECRET, "deep": [{"dsn": f"https://{SECRET}@errors.example.com"}]})),
        ("result", json.dumps(f"amqp://me:{SECRET}@here//")),
        ("result", json.dumps({"exc_type": "ValueError", "exc_message": [f"password={SECRET}"]})),
        ("traceback", f"Traceback\nValueError: Authorization: Bearer {SECRET}"),
        ("meta", json.dumps({"children": [], "credentials": SECRET})),
    ],
)
def test_secret_is_masked(viewer: Client, column: str, stored: str) -> None:
    page = page_of(viewer, **{column: stored})
    assert SECRET not in page
    assert "***" in page


def test_other_values_are_shown(viewer: Client) -> None:
    page = page_of(viewer, task_args=json.dumps("('shipped', 7)"), result=json.dumps({"rows": 12}))
    assert "(&#x27;shipped&#x27;, 7)" in page
    assert "&quot;rows&quot;: 12" in page


@pytest.mark.parametrize("column", ["task_args", "task_kwargs", "result", "traceback", "meta"])
def test_list_cannot_be_filtered_by_what_is_masked(viewer: Client, column: str) -> None:
    TaskResult.objects.create(task_id="a", **{column: SECRET})
    assert viewer.get(reverse(LIST), {f"{column}__startswith": "hunt"}).status_code == 400
    assert 'class="field-task_id' not in viewer.get(reverse(LIST), {"q": "hunt"}).content.decode()
    assert viewer.get(reverse(LIST), {"task_id": "a"}).status_code == 200


@pytest.mark.parametrize(
    ("page", "lookup"),
    [
        ("admin:jobs_job_changelist", "args__password__startswith"),
        ("admin:jobs_job_changelist", "result__token"),
        ("admin:jobs_deadletter_changelist", "evidence__args__password__startswith"),
        ("admin:events_fact_changelist", "data__password__startswith"),
        ("admin:schedules_version_changelist", "document__kwargs__password__startswith"),
    ],
)
def test_no_list_can_be_filtered_by_json(admin_client: Client, page: str, lookup: str) -> None:
    assert admin_client.get(reverse(page), {lookup: "hunt"}).status_code == 400


def test_results_cannot_be_added_by_hand(admin_client: Client) -> None:
    assert admin_client.get(reverse("admin:django_celery_results_taskresult_add")).status_code == 403
