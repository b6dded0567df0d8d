"""The history of schedules in the Django admin, and the missed moments that ask."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django_celery_beat.models import PeriodicTask

from apps.accounts.models import User
from apps.jobs.models import Job
from apps.schedules.fire import fire
from apps.schedules.models import Moment, Policy
from tests.schedules.conftest import HISTORY, LIST, came_due

pytestmark = pytest.mark.django_db
Make = Callable[..., PeriodicTask]


def test_the_history_shows_each_moment_with_its_job(admin: Client, every: Make) -> None:
    kept, gone = every(60, name="<b>kept</b>"), every(60, name="gone")
    for schedule in (kept, gone):
        came_due(schedule)
    fire("here:1")
    gone.delete()
    page = admin.get(HISTORY).content.decode()
    assert "&lt;b&gt;kept&lt;/b&gt;" in page
    assert f"{kept.pk + 1}, deleted" in page
    assert all(f"/admin/jobs/job/{job.id}/change/" in page for job in Job.objects.all())
    only = admin.get(HISTORY, {"q": "<b>kept</b>"}).content.decode()
    assert "deleted" not in only
    moment = Moment.objects.get(schedule_id=kept.pk)
    assert admin.get(f"{HISTORY}{moment.pk}/change/").status_code == 200
    change = admin.get(f"{LIST}{kept.pk}/change/").content.decode()
    assert "/admin/schedules/moment/?q=%3Cb%3Ekept%3C%2Fb%3E" in change


def test_missed_moments_are_run_or_declined_in_the_inbox(admin: Client, every: Make) -> None:
    schedule = every(3600, name="asks")
    Policy.objects.create(schedule=schedule, missed=Policy.Missed.ASK)
    came_due(schedule, timedelta(hours=3, minutes=30))
    fire("here:1")
    assert "missed, to decide" in admin.get(HISTORY, {"open": "asked"}).content.decode()
    first, *others = Moment.objects.order_by("at").values_list("pk", flat=True)
    ran = admin.post(HISTORY, {"action": "run_selected", "_selected_action": [first]}, follow=True)
    assert "Run: 1." in ran.content.decode()
    assert Job.objects.get().owner_id == User.objects.get().pk
    every_one = {"action": "decline_selected", "_selected_action": [first, *others]}
    declined = admin.post(HISTORY, every_one, follow=True).content.decode()
    assert "Declined: 3. 1 needed no decision." in declined


def test_who_may_only_look_decides_nothing(client: Client, every: Make) -> None:
    viewer = User.objects.create_user("viewer@example.com", "secret", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_moment"))
    client.force_login(viewer)
    schedule = every(3600)
    Policy.objects.create(schedule=schedule, missed=Policy.Missed.ASK)
    came_due(schedule, timedelta(hours=3, minutes=30))
    fire("here:1")
    page = client.get(HISTORY).content.decode()
    assert "missed, to decide" in page
    assert "run_selected" not in page
    chosen = list(Moment.objects.values_list("pk", flat=True))
    client.post(HISTORY, {"action": "run_selected", "_selected_action": chosen})
    assert not Job.objects.exists()
