"""Who changed what, however it was changed; and the way back."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from apps.schedules import pause
from apps.schedules.duplicate import duplicate
from apps.schedules.fire import fire
from apps.schedules.models import Policy, Version
from apps.schedules.plan import plan
from apps.schedules.versions import changes, record
from tests.schedules.conftest import FORM, LIST, came_due, next_of

pytestmark = pytest.mark.django_db
Make = Callable[..., PeriodicTask]
WHO = "admin@example.com"


def told(schedule: PeriodicTask) -> list[tuple[str, str]]:
    """Return who changed a schedule and how, the first first."""
    return list(schedule.versions.order_by("id").values_list("by", "how"))


def test_a_change_in_the_admin_names_who_made_it_and_what_it_was(admin: Client, at: Make) -> None:
    schedule = at("30 2 * * *", name="sums", kwargs='{"a": 2}')
    plan()
    form = FORM | {"name": "sums", "cron": "30 2 28 * *", "zone": "UTC", "policy-0-schedule": schedule.pk}
    changed = form | {"policy-0-overlap": "skip", "kwargs": '{"a": 3}'}
    assert admin.post(f"{LIST}{schedule.pk}/change/", changed).status_code == 302
    plan()  # beat looks at it too, and finds nothing new
    assert told(schedule) == [("", "elsewhere"), (WHO, "admin")]
    newest = schedule.versions.first()
    page = admin.get(reverse("admin:schedules_version_change", args=[newest.pk])).content.decode()
    for words in ("<del>30 2 * * *</del>", "<ins>30 2 28 * *</ins>", "kwargs.a", "<ins>skip</ins>", WHO):
        assert words in page
    page = admin.get(f"{LIST}{schedule.pk}/change/").content.decode()
    assert "crontab line: 30 2 * * * → 30 2 28 * *" in page


@pytest.mark.parametrize(
    "edit",
    [
        lambda task: PeriodicTask.objects.filter(pk=task.pk).update(description="by update"),
        lambda task: CrontabSchedule.objects.filter(pk=task.crontab_id).update(hour="5"),
        lambda task: Policy.objects.create(schedule=task, jitter_s=30),
        lambda task: connection.cursor().execute("UPDATE django_celery_beat_periodictask SET name = 'sql'"),
    ],
)
def test_an_edit_that_bypasses_the_admin_is_found_by_beat(
    at: Make, edit: Callable[[PeriodicTask], object]
) -> None:
    schedule = at("30 2 * * *")
    plan()
    edit(schedule)
    plan()
    plan()
    assert told(schedule) == [("", "elsewhere")] * 2


def test_running_is_no_change(every: Make) -> None:
    schedule = every()
    came_due(schedule)
    fire("beat")
    plan()
    assert schedule.versions.count() == 1


def test_an_edit_outside_is_not_put_on_the_account_of_the_next_admin(admin: Client, at: Make) -> None:
    schedule = at("30 2 * * *", name="sums", kwargs='{"a": 2}')
    plan()
    PeriodicTask.objects.update(kwargs='{"a": 9}')
    form = FORM | {"name": "sums", "cron": "30 4 * * *", "zone": "UTC", "kwargs": '{"a": 9}'}
    assert admin.post(f"{LIST}{schedule.pk}/change/", form).status_code == 302
    assert told(schedule) == [("", "elsewhere"), ("", "elsewhere"), (WHO, "admin")]
    [change] = changes(schedule.versions.all()[1].document, schedule.versions.all()[0].document)
    assert change == ("cron", "30 2 * * *", "30 4 * * *")


def test_rolling_back_lets_it_say_what_it_said_and_run_so(admin: Client, at: Make) -> None:
    schedule = at("30 2 * * *", name="sums", kwargs='{"a": 2}')
    Policy.objects.create(schedule=schedule, missed="ask", missed_cap=5)
    plan()
    first = schedule.versions.get()
    PeriodicTask.objects.update(kwargs='{"a": 3}', enabled=False)
    Policy.objects.all().delete()
    CrontabSchedule.objects.update(hour="7")
    plan()
    url = reverse("admin:schedules_roll_back", args=[first.pk])
    assert "<ins>30 2 * * *</ins>" in admin.get(url).content.decode()
    assert admin.post(url, follow=True).status_code == 200
    assert (schedule.versions.first().by, schedule.versions.first().how) == (WHO, "roll back")
    assert schedule.versions.first().document == first.document
    assert schedule.policy.missed == "ask"
    plan()
    assert next_of(schedule).hour == 2
    count = schedule.versions.count()
    admin.post(url)
    assert schedule.versions.count() == count, "twice changes nothing more"


def test_a_deleted_schedule_names_who_deleted_it_and_comes_back_with_its_history(
    admin: Client, every: Make
) -> None:
    schedule = every(name="lost", kwargs='{"a": 4}')
    came_due(schedule)
    fire("beat")
    pk = schedule.pk
    admin.post(reverse("admin:django_celery_beat_periodictask_delete", args=[pk]), {"post": "yes"})
    gone = Version.objects.first()
    assert gone is not None
    assert (gone.how, gone.by, gone.name) == ("deleted", WHO, "lost")
    admin.post(reverse("admin:schedules_roll_back", args=[gone.pk]))
    back = PeriodicTask.objects.get(pk=pk)
    assert (back.name, back.kwargs, back.interval.every) == ("lost", '{"a": 4}', 60)
    assert back.moments.count() == 1
    plan()
    assert next_of(back) > timezone.now()


def test_what_cannot_run_any_more_is_not_rolled_back_to(admin: Client, at: Make) -> None:
    schedule = at("30 2 * * *", task="gone.kind")
    plan()
    bad = schedule.versions.get()
    PeriodicTask.objects.update(task="kinds.add")
    plan()
    page = admin.post(reverse("admin:schedules_roll_back", args=[bad.pk]), follow=True).content.decode()
    assert "Not rolled back" in page
    assert "gone.kind" in page
    schedule.refresh_from_db()
    assert schedule.task == "kinds.add"


def test_rolling_back_needs_the_right_to_change(client: Client, every: Make) -> None:
    from apps.accounts.models import User  # noqa: PLC0415

    schedule = every()
    plan()
    client.force_login(User.objects.create_user("looks@example.com", "secret", is_staff=True))
    url = reverse("admin:schedules_roll_back", args=[schedule.versions.get().pk])
    assert client.post(url).status_code == 403


def test_bad_json_and_hostile_text_are_kept_as_they_are(at: Make) -> None:
    hostile = '{"a": "\\u0000"}'
    schedule = at("30 2 * * *", kwargs=hostile, args="[1, ", name="<script>alert(1)</script>")
    plan()
    document = schedule.versions.get().document
    assert (document["kwargs"], document["args"]) == (hostile, "[1, ")


def test_secrets_stay_hidden_in_what_changed() -> None:
    before, after = {"kwargs": {"api_key": "old", "a": 1}}, {"kwargs": {"api_key": "new", "a": 2}}
    assert ("kwargs.api_key", "***", "***") in changes(before, after)
    assert ("kwargs.a", 1, 2) in changes(before, after)


def test_pausing_and_resuming_are_changes_with_a_name(every: Make) -> None:
    one, two = every(), every()
    until = timezone.now() + timedelta(days=1)
    assert pause.pause([one.pk, two.pk], until, by=WHO) == 2
    plan()
    assert next_of(one) >= until
    assert pause.resume([one.pk], by=WHO) == 1
    assert pause.resume([one.pk], by=WHO) == 0, "twice changes nothing more"
    plan()
    assert next_of(one) < until <= next_of(two)
    assert told(one) == [("", "elsewhere"), (WHO, "admin"), (WHO, "admin")]


def test_a_copy_is_switched_off_and_says_the_same(at: Make) -> None:
    schedule = at("30 2 * * *", "Asia/Tokyo", name="sums", queue="imports")
    Policy.objects.create(schedule=schedule, overlap="skip")
    copies = [PeriodicTask.objects.get(pk=duplicate(schedule.pk, by=WHO)) for _ in range(2)]
    assert [copy.name for copy in copies] == ["sums copy", "sums copy 2"]
    assert [copy.enabled for copy in copies] == [False, False]
    assert (copies[0].crontab_id, copies[0].queue, copies[0].policy.overlap) == (
        schedule.crontab_id,
        "imports",
        "skip",
    )


@pytest.mark.django_db(transaction=True)
def test_two_at_once_write_one_version(every: Make) -> None:
    schedule = every()

    def one(_: int) -> int:
        try:
            return record([schedule.pk], Version.How.ELSEWHERE)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(one, range(8))) == 1


def test_actions_of_the_list_are_versions_too(admin: Client, every: Make) -> None:
    schedule = every()
    admin.post(LIST, {"action": "disable_tasks", "_selected_action": [schedule.pk]})
    schedule.refresh_from_db()
    assert not schedule.enabled
    assert told(schedule) == [("", "elsewhere"), (WHO, "admin")]
