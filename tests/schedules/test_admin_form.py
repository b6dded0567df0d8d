"""The form of a schedule in the Django admin: the line, the policy, the time to come."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from apps.accounts.models import User
from apps.jobs.models import Job
from apps.schedules.fire import fire
from apps.schedules.models import Policy
from apps.schedules.plan import plan
from apps.schedules.timing_rows import line_of
from tests.schedules.conftest import FORM, LIST, NO_POLICY, came_due, next_of

pytestmark = pytest.mark.django_db
Make = Callable[..., PeriodicTask]


def test_a_policy_is_made_with_its_schedule_and_only_when_it_says_something(
    admin: Client, every: Make
) -> None:
    schedule = every(60, name="careful")
    plan()
    url = f"{LIST}{schedule.pk}/change/"
    form = {
        "name": "careful",
        "task": "kinds.add",
        "enabled": "on",
        "every": "60",
        "period": "seconds",
        "args": "[]",
        "kwargs": '{"a": 2}',
        "headers": "{}",
    }
    assert admin.post(url, form | NO_POLICY).status_code == 302
    assert not Policy.objects.exists()
    chosen = {"policy-0-overlap": "queue one", "policy-0-missed": "ask", "policy-0-schedule": schedule.pk}
    assert admin.post(url, form | NO_POLICY | chosen).status_code == 302
    assert (Policy.objects.get().overlap, Policy.objects.get().missed) == ("queue one", "ask")
    bad = {"policy-0-missed_cap": "0", "policy-INITIAL_FORMS": "1"}
    page = admin.post(url, form | NO_POLICY | chosen | bad).content.decode()
    assert "greater than or equal to 1" in page


def test_a_nickname_is_kept_as_its_fields(admin: Client) -> None:
    typed = FORM | {"name": "nightly", "cron": "@daily", "zone": "Europe/Berlin"}
    assert "At 00:00" in admin.post(f"{LIST}look-ahead/", typed).content.decode()
    assert admin.post(f"{LIST}add/", typed).status_code == 302
    assert line_of(PeriodicTask.objects.get(name="nightly").crontab) == "0 0 * * *"
    unknown = admin.post(f"{LIST}add/", typed | {"name": "boot", "cron": "@reboot"}).content.decode()
    assert "The crontab line &#x27;@reboot&#x27; has no times. Use @hourly, @daily" in unknown


def test_a_crontab_line_is_typed_and_schedules_share_its_row(admin: Client, at: Make) -> None:
    shared = at("30 2 * * 1-5", "Europe/Berlin").crontab_id
    typed = {"name": "typed", "cron": "  30  2 * * 1-5 ", "zone": "Europe/Berlin"}
    assert admin.post(f"{LIST}add/", FORM | typed).status_code == 302
    made = PeriodicTask.objects.get(name="typed")
    assert made.crontab_id == shared
    page = admin.get(f"{LIST}{made.pk}/change/").content.decode()
    assert 'value="30 2 * * 1-5"' in page
    assert "At 02:30, Monday to Friday" in page
    answer = admin.post(f"{LIST}{made.pk}/change/", FORM | typed | {"cron": "0 4 1 * *"})
    assert answer.status_code == 302, answer.content.decode()
    made.refresh_from_db()
    assert (made.crontab.day_of_month, str(made.crontab.timezone)) == ("1", "Europe/Berlin")
    plan()
    assert next_of(made).day in (1, 30, 31)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"cron": "61 * * * *"}, "cannot run"),
        ({"cron": "0 0 30 2 *"}, "never occurs"),
        ({"cron": "0 0 * *"}, "has 4 fields instead of 5"),
        ({"cron": "<script>alert(1)</script>"}, "&lt;script&gt;"),
        ({"cron": "0 0 * * *", "zone": "Mars/Olympus"}, "Select a valid choice"),
        ({"cron": ""}, "Enter a crontab line, an interval or a time"),
    ],
)
def test_a_line_that_cannot_run_is_refused_where_it_is_typed(
    admin: Client, fields: dict[str, str], said: str
) -> None:
    answer = admin.post(f"{LIST}add/", FORM | {"name": "typed", "zone": "UTC"} | fields)
    assert answer.status_code == 200
    assert said in answer.content.decode()
    assert not PeriodicTask.objects.exists()


def test_two_timings_at_once_are_refused_at_the_line(admin: Client, every: Make) -> None:
    both = {"name": "both", "cron": "0 0 * * *", "zone": "UTC", "every": "60"}
    answer = admin.post(f"{LIST}add/", FORM | both)
    assert answer.status_code == 200
    assert "Only one of the crontab line, the interval, the time" in answer.content.decode()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"task": ""}, "Choose a task."),
        ({"task": "t" * 201}, "at most 200 characters"),
        (
            {"expires_0": "2040-01-01", "expires_1": "00:00", "expire_seconds": "60"},
            "Only one of &quot;Not after&quot; and",
        ),
    ],
)
def test_missing_and_double_fields_are_refused_in_the_words_of_the_page(
    admin: Client, fields: dict[str, str], said: str
) -> None:
    typed = {"name": "typed", "cron": "0 4 * * *", "zone": "UTC"}
    answer = admin.post(f"{LIST}add/", FORM | typed | fields)
    assert answer.status_code == 200
    assert said in answer.content.decode()
    assert not PeriodicTask.objects.exists()


def test_the_time_to_come_is_shown_before_anything_is_saved(admin: Client, at: Make) -> None:
    schedule = at("30 2 * * *", "Europe/Berlin")
    plan()
    url = f"{LIST}look-ahead/{schedule.pk}/"
    same = admin.post(url, {"cron": "30 2 * * *", "zone": "Europe/Berlin"}).content.decode()
    assert same.count("<tr>") == 11
    assert "Was:" not in same
    other = admin.post(url, {"cron": "0 5 1 * *", "zone": "Asia/Kathmandu"}).content.decode()
    assert "Was: At 02:30. The next run was" in other
    assert "05:00:00 +0545" in other
    assert "30 Nov" in other or "31 " in other or "28 Feb" in other or "30 " in other
    assert "cannot run" in admin.post(url, {"cron": "99 * * * *", "zone": "UTC"}).content.decode()
    assert "has no crontab" in admin.post(f"{LIST}look-ahead/", {}).content.decode()
    hostile = admin.post(f"{LIST}look-ahead/", {"cron": "<b>\x00", "zone": "<i>", "every": "x' OR 1=1"})
    assert "<b>" not in hostile.content.decode()
    assert schedule == PeriodicTask.objects.get()


def test_a_broken_row_can_be_mended_in_the_form(admin: Client, at: Make) -> None:
    schedule = at("0 99 * * *", "UTC")
    plan()
    assert "cannot run" in admin.get(f"{LIST}{schedule.pk}/change/").content.decode()
    mended = admin.post(f"{LIST}look-ahead/{schedule.pk}/", {"cron": "0 9 * * *", "zone": "UTC"})
    assert "Was: 0 99 * * *. The next run was never" in mended.content.decode()


def test_a_pause_or_an_end_that_is_typed_is_seen_in_the_moments_to_come(admin: Client) -> None:
    typed = {"cron": "0 0 * * *", "zone": "UTC"}
    paused = {"policy-0-paused_until_0": "2090-02-01", "policy-0-paused_until_1": "00:00:00"}
    assert "Wed 1 Feb 2090" in admin.post(f"{LIST}look-ahead/", typed | paused).content.decode()
    ended = {"expires_0": "2001-02-01", "expires_1": "00:00:00"}
    assert "No further runs." in admin.post(f"{LIST}look-ahead/", typed | ended).content.decode()


def test_real_durations_tell_whether_runs_would_overlap(admin: Client, every: Make) -> None:
    schedule = every(60)
    for _ in range(3):
        came_due(schedule)
        fire("here:1")
    Job.objects.update(state=6, started_at=timezone.now(), finished_at=timezone.now() + timedelta(seconds=90))
    url = f"{LIST}look-ahead/{schedule.pk}/"
    often = admin.post(
        url, {"every": schedule.interval.every, "period": schedule.interval.period}
    ).content.decode()
    assert "Its last 3 runs took 1 min 30 s on average" in often
    assert "most runs will overlap" in often
    daily = admin.post(url, {"cron": "0 0 * * *", "zone": "UTC"}).content.decode()
    assert "runs do not overlap" in daily


def test_who_may_only_look_sees_the_line_and_the_time_to_come(client: Client, at: Make) -> None:
    viewer = User.objects.create_user("viewer@example.com", "secret", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_periodictask"))
    client.force_login(viewer)
    schedule = at("30 2 * * *", "Asia/Kathmandu")
    plan()
    page = client.get(f"{LIST}{schedule.pk}/change/").content.decode()
    assert "30 2 * * *</div>" in page
    assert "At 02:30" in page
    assert 'name="cron"' not in page
    assert client.post(f"{LIST}look-ahead/{schedule.pk}/", {"cron": "0 0 * * *"}).status_code == 200
    assert (
        client.post(f"{LIST}{schedule.pk}/change/", FORM | {"name": "x", "cron": "0 0 * * *"}).status_code
        == 403
    )


def test_nobody_else_may_ask(client: Client) -> None:
    client.force_login(User.objects.create_user("other@example.com", "secret", is_staff=True))
    assert client.post(f"{LIST}look-ahead/", {"cron": "0 0 * * *"}).status_code == 403


def test_what_only_the_platform_starts_is_not_offered_and_not_taken(admin: Client) -> None:
    assert "kinds.add" in admin.get(f"{LIST}add/").content.decode()
    assert "canvas.hand_over" not in admin.get(f"{LIST}add/").content.decode()
    typed = FORM | {"name": "odd", "cron": "0 1 * * *", "task": "canvas.hand_over"}
    assert "is started by the platform only" in admin.post(f"{LIST}add/", typed).content.decode()
    assert not PeriodicTask.objects.filter(task="canvas.hand_over").exists()
