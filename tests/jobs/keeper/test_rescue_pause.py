"""After a pause of the rescue the silence of workers is counted anew."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.db.models.functions import Now

from apps.jobs.keeper import rescue
from apps.jobs.models import Duty
from apps.jobs.states import State
from apps.jobs.worker import workers
from tests.jobs.steps import a_worker, falls_silent, running, state_of

pytestmark = pytest.mark.usefixtures("patient")


def test_after_a_time_in_which_nobody_could_write_silence_is_counted_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    look, worker_id, clock = rescue.Rescue(), a_worker(), [1000.0]
    monkeypatch.setattr(rescue, "monotonic", lambda: clock[0])
    claim = running(worker_id)
    assert look() == 0
    clock[0] += 60
    _wrote_last(timedelta(seconds=60))
    falls_silent(worker_id)
    assert look() == 0
    assert state_of(claim.id) == State.RUNNING
    clock[0] += settings.BACKLINE_DEAD_AFTER_S / 3
    falls_silent(worker_id)
    assert look() == 1


def test_who_takes_over_from_a_leader_that_wrote_until_now_rescues_at_once() -> None:
    worker_id = a_worker()
    running(worker_id)
    falls_silent(worker_id)
    _wrote_last(timedelta(seconds=settings.BACKLINE_DEAD_AFTER_S / 3))
    assert rescue.Rescue()() == 1


def test_a_late_claim_of_a_dead_worker_is_taken_within_two_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    look, worker_id, clock = rescue.Rescue(), a_worker(), [1000.0]
    monkeypatch.setattr(rescue, "monotonic", lambda: clock[0])
    assert look() == 0
    workers.sign_off(worker_id)
    running(worker_id)
    assert look() == 0, "it reads the window at every second look only"
    clock[0] += rescue._TAKE_EVERY_S
    monkeypatch.setattr(settings, "BACKLINE_DEAD_AFTER_S", 15.0)
    assert look() == 1


def test_who_takes_over_after_a_pause_counts_silence_anew() -> None:
    worker_id = a_worker()
    running(worker_id)
    falls_silent(worker_id)
    _wrote_last(timedelta(seconds=60))
    assert rescue.Rescue()() == 0


def _wrote_last(ago: timedelta) -> None:
    Duty.objects.create(name="rescue", keeper="first@here", ran_at=Now() - ago, took_ms=1.0)
