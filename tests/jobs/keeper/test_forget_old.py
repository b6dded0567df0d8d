"""What nobody asks for any more is forgotten by the slower of two clocks, and some at a time."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.utils import timezone

from apps.jobs.keeper import orphans, sober_clock
from apps.jobs.keeper.forget_old import ForgetOld
from apps.jobs.keeper.rollups import merge
from apps.jobs.models import Action, ActionJobs, Bucket, Effect, RolledUp, Rollup
from apps.jobs.operating import actions
from apps.lib.ids import new_id
from tests.jobs import steps
from tests.jobs.keeper.old_ledger import LONG_AGO, id_of

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


class _YearBehind(datetime):
    """Our clock, of which the database's is a year ahead."""

    @classmethod
    def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
        return datetime.now(UTC) - 366 * DAY


def leave(job_id: UUID) -> None:
    """Leave a receipt, a limit and an hour that are old enough by the database's clock."""
    now = timezone.now()
    hour = now.replace(minute=0, second=0, microsecond=0)
    Effect.objects.create(key="paid", job_id=job_id, lease=new_id(), started_at=now, done_at=now - 366 * DAY)
    Bucket.objects.create(key="k", tokens=0, refilled_at=now - 3 * DAY)
    Rollup.objects.create(seconds=3600, at=hour - 100 * DAY, kind="kinds.add", queue="default")
    Rollup.objects.create(seconds=60, at=hour - 3 * DAY, kind="kinds.add", queue="default")
    RolledUp.objects.create(id=1, next_at=now)


def forgotten() -> int:
    """Forget what is old; return how many rows went, or were merged."""
    return sum(orphans.delete(100, timezone.now())) + ForgetOld()() + merge()


def test_a_database_clock_that_is_a_year_ahead_forgets_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    leave(id_of(LONG_AGO))
    with monkeypatch.context() as patched:
        patched.setattr(sober_clock, "datetime", _YearBehind)
        assert forgotten() == 0
    assert forgotten() == 4


def test_limits_that_rest_are_found_some_at_a_time_by_their_keys() -> None:
    for number in range(5):
        at = timezone.now() - 3 * DAY * (number % 2)
        Bucket.objects.create(key=f"k{number}", tokens=0, refilled_at=at)
    forget = ForgetOld(batch=2)
    assert [forget() for _ in range(4)] == [1, 1, 0, 0]
    assert [bucket.key for bucket in Bucket.objects.order_by("key")] == ["k0", "k2", "k4"]


def test_the_jobs_of_an_old_entry_go_when_all_of_them_are_gone() -> None:
    kept = steps.in_line()
    for at, ids in ((LONG_AGO, [new_id()]), (LONG_AGO, [new_id(), kept]), (timezone.now(), [new_id()])):
        entry = Action.objects.create(at=at, verb="cancel", subject="jobs: 2 named")
        actions.keep_jobs(entry, ids)
    assert ForgetOld()() == 1
    assert ForgetOld()() == 0
    assert (ActionJobs.objects.count(), Action.objects.count()) == (2, 3)
