"""Schedules in the Django admin."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from django_celery_beat.models import PeriodicTask

from apps.accounts.models import User
from apps.jobs.models import Job
from apps.schedules.models import Moment
from apps.schedules.plan import plan
from tests.schedules.conftest import LIST, NO_POLICY, next_of, plan_of

pytestmark = pytest.mark.django_db
Make = Callable[..., PeriodicTask]


def test_the_list_shows_the_next_moment_or_the_problem(admin: Client, every: Make, at: Make) -> None:
    every(name="fine one")
    at("0 0 30 2 *", name="bad one")
    plan()
    page = admin.get(LIST).content.decode()
    assert "Every 60 seconds" in page
    assert "cannot run" in page


def test_a_schedule_can_be_made_and_edited(admin: Client, every: Make) -> None:
    schedule = every(60, name="edited here")
    plan()
    before = next_of(schedule)
    page = admin.get(f"{LIST}{schedule.pk}/change/").content.decode()
    assert '<option value="kinds.add"' in page  # kinds can be chosen
    assert "<script>" not in page
    form = {
        "name": "edited here",
        "task": "kinds.add",
        "enabled": "on",
        "every": "7200",
        "period": "seconds",
        "args": "[]",
        "kwargs": '{"a": 2}',
        "headers": "{}",
        **NO_POLICY,
    }
    answer = admin.post(f"{LIST}{schedule.pk}/change/", form)
    assert answer.status_code == 302, answer.content.decode()
    plan()
    assert next_of(schedule) > before
    answer = admin.post(f"{LIST}add/", form | {"name": "made here"})
    assert answer.status_code == 302, answer.content.decode()
    plan()
    assert plan_of(PeriodicTask.objects.get(name="made here")).next_at is not None


def test_run_now_starts_a_job_in_the_name_of_the_one_who_asks(admin: Client, every: Make) -> None:
    good, bad = every(kwargs='{"a": 5}', queue="imports"), every(kwargs='{"wrong": 5}')
    action = {"action": "run_tasks", "_selected_action": [good.pk, bad.pk]}
    page = admin.post(LIST, action, follow=True).content.decode()
    assert "Started: 1." in page
    assert "was not started" in page
    job = Job.objects.get()
    assert (job.kind, job.args, job.queue, job.subject) == ("kinds.add", {"a": 5}, "imports", good.name)
    assert job.owner_id == User.objects.get().pk
    [moment] = Moment.objects.all()
    assert (moment.outcome, moment.job_id, moment.beat) == ("by hand", job.id, "admin@example.com")


def test_the_list_asks_the_database_as_often_for_many_as_for_few(
    admin: Client, every: Make, django_assert_max_num_queries: Callable[[int], object]
) -> None:
    for _ in range(30):
        every()
    admin.get(LIST)
    with django_assert_max_num_queries(9):  # type: ignore[attr-defined]  # a context manager
        admin.get(LIST)


def test_a_schedule_can_be_deleted_with_its_timing(admin: Client, every: Make) -> None:
    schedule = every()
    url = reverse("admin:django_celery_beat_periodictask_delete", args=[schedule.pk])
    assert admin.post(url, {"post": "yes"}).status_code == 302
    assert not PeriodicTask.objects.exists()
