"""What is asked before something is done to schedules in the admin, and the typed arguments of the form."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from celery import current_app
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from apps.accounts.models import User
from apps.jobs.models import Job
from apps.lib import words
from apps.schedules.declared import sync
from apps.schedules.fire import fire
from apps.schedules.plan import plan
from tests.schedules.conftest import FORM, LIST, came_due

pytestmark = pytest.mark.django_db
Make = Callable[..., PeriodicTask]


def test_a_schedule_is_run_once_with_other_arguments(admin: Client, every: Make) -> None:
    schedule = every(kwargs='{"a": 1}')
    url = reverse("admin:schedules_run", args=[schedule.pk])
    page = admin.get(url).content.decode()
    assert 'name="arg-a" value="1"' in page
    assert "arg-a" in admin.post(url, {"arg-a": "x"}).content.decode()
    assert not Job.objects.exists()
    answer = admin.post(url, {"arg-a": "7", "arg-b": "2"})
    job = Job.objects.get()
    assert answer["Location"] == reverse("admin:jobs_job_change", args=[job.pk])
    assert job.args == {"a": 7, "b": 2}
    schedule.refresh_from_db()
    assert schedule.kwargs == '{"a": 1}'
    assert admin.get(reverse("admin:schedules_run", args=[0])).status_code == 404


def test_the_form_asks_for_the_arguments_of_the_task(admin: Client, every: Make) -> None:
    schedule = every(kwargs='{"a": 1}', name="typed")
    page = admin.get(f"{LIST}{schedule.pk}/change/").content.decode()
    assert 'name="arg-a" value="1"' in page
    url = reverse("admin:schedules_arguments", args=[schedule.pk])
    assert "takes no arguments" in admin.get(f"{url}?task=cleanups.expired_uploads").content.decode()
    assert "as JSON" in admin.get(f"{url}?task=celery.backend_cleanup").content.decode()
    assert "&lt;b&gt;" in admin.get(f"{url}?task=<b>").content.decode()


def test_typed_arguments_are_saved_and_a_wrong_one_is_said_at_its_field(admin: Client, every: Make) -> None:
    schedule = every(name="typed", args="[1]", kwargs="{}")
    form = FORM | {"name": "typed", "every": "60", "arg-kind": "kinds.add"}
    url = f"{LIST}{schedule.pk}/change/"
    page = admin.post(url, form | {"arg-a": "many"}).content.decode()
    assert "Enter a whole number" in page
    assert "Correct the fields marked" in page
    assert admin.post(url, form | {"arg-a": "5", "arg-b": ""}).status_code == 302
    schedule.refresh_from_db()
    assert (schedule.args, schedule.kwargs) == ("[]", '{"a": 5}')
    assert admin.post(url, form | {"arg-a": "5", "arg-json": "1", "kwargs": '{"a": 8}'}).status_code == 302
    schedule.refresh_from_db()
    assert schedule.kwargs == '{"a": 8}'


def test_fields_of_another_task_than_the_chosen_one_are_not_taken(admin: Client, every: Make) -> None:
    schedule = every(name="typed")
    form = FORM | {"name": "typed", "every": "60", "arg-kind": "kinds.walk", "arg-a": "5"}
    assert admin.post(f"{LIST}{schedule.pk}/change/", form).status_code == 302
    schedule.refresh_from_db()
    assert schedule.kwargs == '{"a": 2}'


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"kwargs": '{"wrong": 1}'}, "missing a required argument"),
        ({"kwargs": "{"}, "Unable to parse JSON"),
        ({"task": "nobody.knows"}, "No job type or Celery task is called"),
    ],
)
def test_what_could_not_start_is_not_saved(
    admin: Client, every: Make, fields: dict[str, str], said: str
) -> None:
    page = admin.post(f"{LIST}add/", FORM | {"name": "new", "every": "5"} | fields).content.decode()
    assert said in page
    assert not PeriodicTask.objects.filter(name="new").exists()


def test_schedules_are_paused_until_a_time_to_come(admin: Client, every: Make) -> None:
    schedules = [every(), every()]
    ticked = {"action": "pause_until", "_selected_action": [one.pk for one in schedules]}
    url = admin.post(LIST, ticked)["Location"]
    assert "schedule 1, schedule 2" in admin.get(url).content.decode()
    past = (timezone.now() - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    assert "has passed" in admin.post(url, {"until": past}).content.decode()
    later = (timezone.now() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    assert "2 schedules paused until" in admin.post(url, {"until": later}, follow=True).content.decode()
    resumes = timezone.localtime(datetime.fromisoformat(f"{later}+00:00"))
    told = words.day_and_time(resumes, timezone.localtime())
    assert admin.get(LIST).content.decode().count(f'class="field-next_run">{told}<') == 2, (
        "before a beat saw it"
    )
    plan()
    page = admin.get(LIST).content.decode()
    assert page.count('<span class="stands paused">') == 2
    assert page.count(f'class="field-next_run">{told}<') == 2
    page = admin.post(LIST, ticked | {"action": "resume"}, follow=True).content.decode()
    assert "Resumed: 2." in page


def test_a_schedule_that_differs_from_its_code_says_so_and_goes_back(
    admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(current_app.tasks["kinds.add"], "cron", "17 3 * * *")
    sync()
    schedule = PeriodicTask.objects.get(name="kinds.add")
    change = f"{LIST}{schedule.pk}/change/"
    assert "as declared in code" in admin.get(change).content.decode()
    crontab = schedule.crontab
    crontab.hour = "9"
    crontab.save()
    assert "The code declares 17 3 * * *" in admin.get(change).content.decode()
    assert sync() == []
    back = reverse("admin:schedules_back", args=[schedule.pk])
    assert "The code declares 17 3 * * *" in admin.get(back).content.decode()
    assert admin.post(back)["Location"].endswith(change)
    assert "as declared in code" in admin.get(change).content.decode()
    assert "Nothing to do" in admin.get(back).content.decode()


def test_the_list_shows_what_came_of_the_last_moments(admin: Client, every: Make) -> None:
    schedule = every(name="seen")
    for seconds in (9, 5, 1):
        came_due(schedule, timedelta(seconds=seconds))
        fire("beat")
    page = admin.get(LIST).content.decode()
    assert 'aria-label="3 waiting"' in page
    assert page.count('<rect class="waiting"') == 3
    assert '<span class="stands on">on</span>' in page


def test_the_list_shows_when_each_ran_last(admin: Client, every: Make) -> None:
    every(name="new")
    assert '<td class="field-last_run">-</td>' in admin.get(LIST).content.decode()
    PeriodicTask.objects.update(last_run_at=datetime(2024, 2, 29, 13, 5, tzinfo=UTC))
    assert '<td class="field-last_run">29 Feb 2024, 13:05</td>' in admin.get(LIST).content.decode()


def test_a_copy_is_made_from_the_list_and_shown(admin: Client, every: Make) -> None:
    schedule = every(name="one")
    plan()
    answer = admin.post(LIST, {"action": "duplicate", "_selected_action": [schedule.pk]})
    copy = PeriodicTask.objects.get(name="one copy")
    assert answer["Location"].endswith(f"/{copy.pk}/change/")
    assert admin.get(answer["Location"]).status_code == 200


@pytest.mark.parametrize(
    ("codename", "name"),
    [
        ("run_schedule", "admin:schedules_run"),
        ("roll_back_schedule", "admin:schedules_back"),
        ("pause_schedule", "admin:schedules_pause"),
    ],
)
def test_each_action_takes_a_permission_of_its_own(
    client: Client, every: Make, codename: str, name: str
) -> None:
    schedule = every(name="guarded")
    person = User.objects.create_user("staff@example.com", "secret", is_staff=True)
    others = Permission.objects.filter(codename__in=["view_periodictask", "change_periodictask"])
    person.user_permissions.set(others)
    client.force_login(person)
    url = reverse(name) + f"?ids={schedule.pk}" if "pause" in name else reverse(name, args=[schedule.pk])
    assert client.get(url).status_code == 403
    assert client.post(url, {"arg-a": "1", "until": "2090-01-01T00:00"}).status_code == 403
    assert not Job.objects.exists()
    page = client.get(LIST).content.decode()
    assert 'value="enable_tasks"' in page
    assert 'value="run_tasks"' not in page
    assert 'value="duplicate"' not in page
    person.user_permissions.add(Permission.objects.get(codename=codename))
    client.force_login(User.objects.get(pk=person.pk))
    assert client.get(url).status_code == 200
