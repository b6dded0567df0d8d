"""The keeper runs no code of the project: what it writes itself sends no signal of a model."""

from collections.abc import Iterator
from datetime import timedelta
from threading import Event

import pytest
from django.db import transaction
from django.db.models import signals
from django.db.models.functions import Now

from apps.jobs import transitions
from apps.jobs.keeper import duties, release
from apps.jobs.keeper.probe import Probe
from apps.jobs.keeper.rounds import Rounds
from apps.jobs.models import Alert, Duty, Pause, Replay
from apps.jobs.operating import alerts, pause, replay
from apps.jobs.operating.dead_letters import Filter
from apps.jobs.operating.replay import Pace
from tests.jobs import steps
from tests.jobs.operating.test_dead_letters import buried

pytestmark = pytest.mark.usefixtures("committed")
EVERY = (signals.pre_save, signals.post_save, signals.pre_delete, signals.post_delete)
BEFORE = timedelta(hours=1)


@pytest.fixture
def sent() -> Iterator[list[type]]:
    """Listen to every model, as an audit package does."""
    heard: list[type] = []

    def receive(sender: type, **_: object) -> None:
        heard.append(sender)

    for signal in EVERY:
        signal.connect(receive)
    yield heard
    for signal in EVERY:
        signal.disconnect(receive)


def test_expired_pause_is_deleted_without_a_signal(sent: list[type]) -> None:
    until = {"paused_at": Now() - BEFORE, "until": Now() - BEFORE}
    Pause.objects.bulk_create([Pause(scope="queue", name="q", **until)])
    pause.go_on()
    assert (Pause.objects.count(), sent) == (0, [])


def test_replay_goes_on_and_ends_without_a_signal(sent: list[type]) -> None:
    jobs = sorted(buried() for _ in range(2))
    record = replay.replay(Filter(), actor=None, reason="x", pace=Pace(canary=1))
    sent.clear()
    for job_id in jobs:
        replay.go_on()
        assert transitions.succeed(steps.claimed(job_id, steps.a_worker()), 1)
    replay.go_on()
    record.refresh_from_db()
    assert (record.stage, record.ended_well, sent) == (Replay.Stage.DONE, 2, [])


def test_closed_alert_is_deleted_without_a_signal(sent: list[type]) -> None:
    before = {"since": Now() - BEFORE, "absent_since": Now() - BEFORE}
    Alert.objects.bulk_create([Alert(reason="disk", sentence="full", **before)])
    with transaction.atomic():
        alerts._close_absent(set())
    assert (Alert.objects.count(), sent) == (0, [])


def test_duty_is_written_down_without_a_signal(sent: list[type]) -> None:
    rounds = Rounds("one@here", [duties.Duty("release", 60.0, release.release)], Probe("one@here"), Event())
    for _ in range(2):  # the second time there is a row
        rounds._told_at.clear()
        rounds._do(rounds._duties[0])
    assert (Duty.objects.get(name="release").keeper, sent) == ("one@here", [])
