"""maintenance.missed_schedules: one letter tells admins of every schedule that did not run."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Event
from uuid import UUID

import pytest
from django.core import mail
from django.db import connection
from django_celery_beat.models import IntervalSchedule, PeriodicTask
from pytest_django import Settings

from apps.accounts.models import User
from apps.events.models import Delivery, Fact
from apps.jobs.models import Job
from apps.maintenance.missed_schedules import tell_admins
from apps.schedules.fire import fire
from apps.schedules.models import Alert, Plan
from apps.schedules.plan import plan
from apps.schedules.watch import no_watch_under_way, watch
from tests.kinds import add  # noqa: F401  # a Celery task from here on
from tests.local.waiting import wait_until
from tests.tasks.steps import attempted, ran

KIND = "maintenance.missed_schedules"

pytestmark = pytest.mark.django_db


def missed(*names: str) -> None:
    """Let schedules have been due for minutes, with no beat to take them."""
    interval = IntervalSchedule.objects.create(every=1, period="minutes")
    for name in names:
        PeriodicTask.objects.create(name=name, task="kinds.add", kwargs='{"a": 1}', interval=interval)
    plan()
    Plan.objects.update(next_at=datetime.now(UTC) - timedelta(minutes=3))
    watch()


def letters() -> set[UUID]:
    """Return the jobs that write letters."""
    return set(Job.objects.filter(kind=KIND).values_list("pk", flat=True))


def test_what_should_have_run_and_did_not_is_one_letter_to_every_superuser() -> None:
    User.objects.create_superuser("ann@example.com", "secret")
    User.objects.create_user("bob@example.com", "secret")
    missed("nightly", "two\nlines")
    assert Fact.objects.filter(name="schedules.missed").count() == 2
    [job_id] = letters()
    assert set(Delivery.objects.values_list("job_id", flat=True)) == {job_id}
    assert attempted(job_id) == "succeeded"
    [letter] = mail.outbox
    assert letter.to == ["ann@example.com"]
    assert letter.subject == "2 schedules did not run on time"
    assert "nightly: It should have run at" in letter.body
    assert "two lines: It should" in letter.body
    assert "/admin/schedules/alert/?closed_at__isempty=1" in letter.body


def test_it_is_told_once_however_long_it_lasts() -> None:
    missed("nightly")
    watch()
    assert Fact.objects.count() == 1


def test_what_is_well_again_is_told_and_needs_no_letter() -> None:
    User.objects.create_superuser("ann@example.com", "secret")
    missed("nightly")
    fire("beat")
    watch()
    assert list(Fact.objects.order_by("id").values_list("name", flat=True)) == [
        "schedules.missed",
        "schedules.recovered",
    ]
    assert Fact.objects.latest("id").data["schedule"] == "nightly"
    [job_id] = letters()
    assert attempted(job_id) == "succeeded"
    assert mail.outbox == []


def test_named_admins_are_told_instead(settings: Settings) -> None:
    User.objects.create_superuser("ann@example.com", "secret")
    settings.BACKLINE_ALERTS_TO = ["Ops <ops@example.com>"]
    missed("nightly")
    ran(KIND)
    assert [letter.to for letter in mail.outbox] == [["Ops <ops@example.com>"]]


def test_with_nobody_to_tell_the_job_says_what_to_set() -> None:
    missed("nightly")
    [job_id] = letters()
    assert attempted(job_id) == "succeeded"
    assert Job.objects.get(pk=job_id).result == "no recipient: set BACKLINE_ALERTS_TO"


def test_a_thousand_are_named_up_to_fifty() -> None:
    User.objects.create_superuser("ann@example.com", "secret")
    now = datetime.now(UTC)
    Alert.objects.bulk_create(
        Alert(schedule_id=number, name=f"s{number:04}", reason="late", opened_at=now)
        for number in range(1000)
    )
    ran(KIND)
    assert "... and 950 more." in mail.outbox[0].body
    assert mail.outbox[0].subject.startswith("1,000 schedules")


def test_a_letter_waits_for_the_watch_that_started_it(committed: None) -> None:
    User.objects.create_superuser("ann@example.com", "secret")
    letter_began = Event()

    def write() -> str:
        try:
            letter_began.set()
            return tell_admins()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with no_watch_under_way():  # as a watch has it until it commits
            writing = pool.submit(write)
            assert letter_began.wait(10)
            wait_until(_somebody_waits)
            Alert.objects.create(schedule_id=1, name="nightly", reason="late", opened_at=datetime.now(UTC))
        assert writing.result(10) == "1 schedule reported to ann@example.com"


def _somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        return bool(cursor.fetchone()[0])
