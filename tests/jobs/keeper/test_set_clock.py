"""Somebody sets the database's clock: who lives is not taken for dead, and who died is noticed all the same.

The database's clock cannot be set here, so the one that it is compared with is, the other way.
"""

from collections.abc import Callable
from datetime import timedelta
from time import monotonic

import pytest
from django.conf import settings
from django.db import connection
from django.db.models import F
from django.db.models.functions import Now

from apps.jobs import sql, transitions
from apps.jobs.keeper import rescue
from apps.jobs.keeper.rescue import Rescue
from apps.jobs.models import Bucket, Bundle, Lane, Worker
from apps.jobs.states import State
from tests.jobs import steps
from tests.jobs.steps import HOUR, a_worker, enqueued, running, state_of

Set = Callable[[timedelta], None]
pytestmark = pytest.mark.django_db


@pytest.fixture
def set_by(monkeypatch: pytest.MonkeyPatch) -> Set:
    """Let the database's clock seem set by so much since the last look."""
    offset = [0.0]
    monkeypatch.setattr("apps.jobs.keeper.set_clock.monotonic", lambda: monotonic() - offset[0])

    def move(by: timedelta) -> None:
        offset[0] += by.total_seconds()
        Worker.objects.update(heartbeat_at=F("heartbeat_at") - by)
        Bundle.objects.update(published_at=F("published_at") - by)

    return move


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the database have been up for longer than anybody is waited for."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM clock_timestamp() - pg_postmaster_start_time())")
        monkeypatch.setattr(settings, "BACKLINE_DEAD_AFTER_S", min(15.0, float(cursor.fetchone()[0]) / 2))


def test_a_clock_that_was_set_forward_makes_nobody_dead(set_by: Set) -> None:
    look = Rescue()
    claim = running(a_worker())
    assert look() == 0
    set_by(HOUR)
    assert look() == 0
    assert state_of(claim.id) == State.RUNNING
    assert Worker.objects.get().stopped_at is None


def test_who_is_silent_after_that_is_dead_all_the_same(set_by: Set) -> None:
    look = Rescue()
    worker_id = a_worker()
    running(worker_id)
    look()
    set_by(HOUR)
    assert look() == 0
    steps.falls_silent(worker_id)
    assert look() == 1


def test_one_who_died_before_the_clock_was_set_back_is_silent_from_now_on(set_by: Set) -> None:
    look = Rescue()
    worker_id = a_worker()
    look()
    set_by(-HOUR)
    look()
    assert Worker.objects.filter(id=worker_id, heartbeat_at__lte=Now()).exists()


def test_a_keeper_that_leads_since_then_sees_a_heartbeat_of_the_future_too() -> None:
    worker_id, silent = a_worker(), a_worker("silent@here")
    Worker.objects.filter(id=worker_id).update(heartbeat_at=Now() + HOUR)
    steps.falls_silent(silent)
    Rescue()()
    assert Worker.objects.filter(id=worker_id, heartbeat_at__lte=Now(), stopped_at=None).exists()
    assert Worker.objects.get(id=silent).stopped_at is not None, "that one may not get more time"


def test_a_database_that_started_in_the_future_can_tell_who_is_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    """It started, and then its clock was set back."""
    worker_id = a_worker()
    steps.falls_silent(worker_id)
    text = sql.text("dead_workers").replace("pg_postmaster_start_time()", "(now() + interval '1 hour')")
    monkeypatch.setattr(sql, "text", lambda _: text)
    assert sql.run("dead_workers", {"patience": 15, "silence": 6}) == [(worker_id,)]


def test_a_message_that_was_lost_before_the_clock_was_set_back_is_sent_again(set_by: Set) -> None:
    look, job_id = Rescue(), enqueued()
    look()
    set_by(-HOUR)
    look()
    steps.bundles_grow_old(timedelta(seconds=6))
    lost = transitions.republish(patience=timedelta(seconds=5))
    assert steps.published_ids(lost) == [job_id]


def test_limits_fill_up_again_though_the_clock_was_set_back(set_by: Set) -> None:
    look = Rescue()
    look()
    Bucket.objects.create(key="kinds.add", tokens=0, refilled_at=Now() + HOUR)
    Lane.objects.create(queue="default", lane="kinds.add", blocked_until=Now() + HOUR)
    set_by(-HOUR)
    look()
    assert Bucket.objects.filter(refilled_at__lte=Now()).exists()
    assert Lane.objects.get(lane="kinds.add").blocked_until is None


def test_as_long_as_nobody_sets_the_clock_nothing_starts_anew() -> None:
    look, worker_id = Rescue(), a_worker()
    look()
    steps.falls_silent(worker_id)
    look()
    assert Worker.objects.get(id=worker_id).stopped_at is not None
    assert rescue.rescue() == 0
