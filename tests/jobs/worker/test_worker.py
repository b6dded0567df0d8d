"""The thread that speaks for a worker: it frees what dead children held, also those it never saw die."""

import gc
import importlib
import os
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from celery.signals import worker_before_create_process
from django.conf import settings
from django.db import transaction

from apps.jobs import Context, process
from apps.jobs.models import Attempt, Job, Worker
from apps.jobs.operating.condition import Condition, condition
from apps.jobs.running import slate
from apps.jobs.states import State
from apps.jobs.transitions import Claim
from apps.jobs.worker import voice, workers
from apps.jobs.worker.voice import Voice
from tests.jobs import steps
from tests.jobs.steps import row_of, running, state_of
from tests.local.waiting import wait_until


@pytest.fixture
def worker_id(db: None, monkeypatch: pytest.MonkeyPatch) -> int:
    """The worker that this process is."""
    worker_id = steps.a_worker()
    monkeypatch.setattr(process, "_worker_id", worker_id)
    return worker_id


def a_worker_with(*pids: int, draining: bool = False) -> Any:
    """Make a worker whose pool has these processes."""
    inner = SimpleNamespace(_pool=[SimpleNamespace(pid=pid) for pid in pids])
    return SimpleNamespace(pool=SimpleNamespace(_pool=inner), hub=None, is_draining=draining)


def beat_of(worker: Any) -> None:
    """Let a worker's voice beat once, and look once more."""
    speaker = Voice(worker)
    speaker._beat()
    speaker._look()


def held_by(pid: int, worker_id: int) -> Claim:
    """Claim a job as one process of a worker."""
    claim = running(worker_id)
    Job.objects.filter(id=claim.id).update(worker_pid=pid)
    return claim


def test_a_job_of_a_child_that_nobody_saw_die_is_freed_with_the_next_beat(worker_id: int) -> None:
    lost, held = held_by(4711, worker_id), held_by(4712, worker_id)
    elsewhere = held_by(4711, steps.a_worker("two@here"))
    beat_of(a_worker_with(4712))
    assert (state_of(lost.id), row_of(lost.id)["deaths"]) == (State.READY, 1)
    assert state_of(held.id) == state_of(elsewhere.id) == State.RUNNING
    assert Attempt.objects.get().message == "Its worker process 4711 was killed."


def test_a_process_that_died_in_a_job_before_it_was_watched_is_found_at_the_next_look(worker_id: int) -> None:
    shown = slate.Slate()
    pid = os.fork()
    if pid == 0:
        shown.show(uuid4(), uuid4(), 0.0, 0.0)
        os._exit(0)
    os.waitpid(pid, 0)
    speaker = Voice(a_worker_with(4712))
    speaker._slate = shown
    assert speaker._died_unseen() == {pid}
    speaker._lost = {pid}
    assert speaker._died_unseen() == set()


def test_a_process_that_lives_and_works_is_not_taken_for_dead(worker_id: int) -> None:
    shown = slate.Slate()
    shown.show(uuid4(), uuid4(), 0.0, 0.0)
    speaker = Voice(a_worker_with(4712))
    speaker._slate = shown
    assert speaker._died_unseen() == set()


def test_a_dead_process_whose_number_another_account_has_now_does_not_silence_the_voice(
    worker_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_pid: int, _signal: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", refuse)
    assert not voice._lives(4711)


def test_while_it_drains_such_a_job_is_handed_back(worker_id: int) -> None:
    lost = held_by(4711, worker_id)
    beat_of(a_worker_with(draining=True))
    assert (state_of(lost.id), row_of(lost.id)["deaths"]) == (State.READY, 0)


def test_a_death_that_cannot_be_told_frees_its_jobs_all_the_same_and_the_worker_goes_on(
    worker_id: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def surprise(*_: object, **__: object) -> list[object]:
        raise LookupError("No job type is called that.")

    monkeypatch.setattr(voice, "bury_child", surprise)
    lost = held_by(4711, worker_id)
    beat_of(a_worker_with(4712))
    assert (state_of(lost.id), row_of(lost.id)["deaths"]) == (State.READY, 1)
    assert "No job type is called that." in caplog.text


def test_a_beat_is_due_every_few_seconds_and_not_at_every_look(worker_id: int) -> None:
    worker = a_worker_with()
    speaker = Voice(worker)
    speaker._beat()
    Worker.objects.update(heartbeat_at="2001-01-01T00:00Z")
    speaker._beat()
    assert Worker.objects.get().heartbeat_at.year == 2001
    speaker._beat_at -= settings.BACKLINE_HEARTBEAT_S
    speaker._beat()
    assert Worker.objects.get().heartbeat_at.year > 2001


def test_before_a_worker_takes_its_first_job_the_ledger_knows_it_by_its_lock(
    committed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "_worker_id", steps.a_worker())
    speaker = Voice(a_worker_with())
    speaker.start()
    try:
        assert Worker.objects.get().has_lock
    finally:
        speaker.stop()


def test_a_lost_session_is_replaced_at_once_and_later_failures_are_spaced(
    committed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "_worker_id", steps.a_worker())
    speaker, rests, lost = Voice(a_worker_with()), list[float](), set[int]()
    monkeypatch.setattr(speaker._leave, "wait", rests.append)
    speaker.start()
    try:
        for _ in range(2):
            wait_until(lambda: set(holders()) - lost)
            lost.update(holders())
            steps.end_session(max(lost))
            wait_until(lambda: set(holders()) - lost)
        assert rests == [0.0, 0.0]
        monkeypatch.setattr(speaker, "_look", lambda: 1 / 0)
        wait_until(lambda: len(rests) > 6)
        assert rests[2:7] == [0.0, 0.1, 0.3, 1.0, 1.0]
    finally:
        speaker.stop()


def holders() -> list[int]:
    """Return the sessions that hold a worker's lock."""
    query = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND classid = x'776f726b'::int::oid"
    return [pid for (pid,) in steps._rows(query)]


def test_a_worker_that_signs_off_long_after_its_heartbeat_counts_as_stopped(worker_id: int) -> None:
    steps.falls_silent(worker_id)
    workers.sign_off(worker_id)
    worker = Worker.objects.get()
    assert worker.stopped_at is not None
    assert condition(worker, worker.stopped_at) is Condition.STOPPED


def test_a_voice_that_stops_hands_back_and_signs_off(worker_id: int) -> None:
    claim = held_by(4711, worker_id)
    Voice(a_worker_with(4711)).stop()
    assert (state_of(claim.id), row_of(claim.id)["deaths"]) == (State.READY, 0)
    assert Worker.objects.get(id=worker_id).stopped_at is not None


def test_a_voice_that_stops_waits_a_moment_for_the_last_session_of_a_child(
    committed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker_id = steps.a_worker()
    monkeypatch.setattr(process, "_worker_id", worker_id)
    claim = held_by(4711, worker_id)
    speaker = Voice(a_worker_with())
    with steps.another_session() as main:
        with transaction.atomic():
            Context(claim).checkpoint({}, done=1)
            stopped = main.start(speaker.stop)
            wait_until(speaker._leave.is_set)
        stopped.result(timeout=60)
    assert (state_of(claim.id), row_of(claim.id)["deaths"]) == (State.READY, 0)


def test_a_child_is_replaced_without_collecting_what_was_loaded_before_the_first_fork() -> None:
    importlib.import_module("apps.jobs.worker.worker")
    try:
        worker_before_create_process.send(sender=None)
        frozen = gc.get_freeze_count()
        assert frozen > 10_000
        later = [[number] for number in range(1000)]
        worker_before_create_process.send(sender=None)
        assert gc.get_freeze_count() < frozen + len(later)  # what came later may be garbage one day
    finally:
        gc.unfreeze()
