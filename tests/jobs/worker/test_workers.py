"""The register of workers: who is there, since when, and with what in hand."""

import os
from datetime import timedelta

import pytest

from apps.jobs import sql, transitions
from apps.jobs.models import Job, Worker
from apps.jobs.worker import workers
from tests.jobs import steps
from tests.jobs.steps import a_worker, running
from tests.local.waiting import wait_until

pytestmark = pytest.mark.django_db


def test_a_worker_that_signs_on_is_there_with_the_database_s_time() -> None:
    worker = Worker.objects.get(id=a_worker("one@here", queues=("default", "imports"), concurrency=3))
    assert (worker.name, worker.pid, worker.concurrency) == ("one@here", os.getpid(), 3)
    assert worker.queues == ["default", "imports"]
    assert timedelta() <= worker.heartbeat_at - worker.started_at < timedelta(minutes=1)
    assert worker.stopped_at is None


def test_a_restart_under_the_same_name_is_another_worker() -> None:
    assert a_worker("one@here") != a_worker("one@here")


def test_a_beat_moves_the_heartbeat_on() -> None:
    worker_id = a_worker()
    steps.falls_silent(worker_id)
    before = Worker.objects.get(id=worker_id).heartbeat_at
    workers.beat(worker_id)
    assert Worker.objects.get(id=worker_id).heartbeat_at - before > timedelta(minutes=59)


def test_a_worker_that_was_taken_for_dead_is_back_with_its_next_beat() -> None:
    worker_id = a_worker()
    workers.sign_off(worker_id)
    workers.beat(worker_id)
    assert Worker.objects.get(id=worker_id).stopped_at is None


def test_a_lock_is_held_by_one_session_and_goes_with_it(committed: None) -> None:
    worker_id, other = a_worker(), a_worker("two@here")
    with steps.another_session() as owner:
        assert owner.do(lambda: workers.lock(worker_id))
        assert not workers.lock(worker_id)
        assert workers.lock(other)
    wait_until(lambda: workers.lock(worker_id))


def test_behind_a_pooler_no_lock_is_taken() -> None:
    """It tells its clients other sessions than the server's own: the lock would outlive the worker."""
    worker_id = a_worker()
    assert sql.run("lock_worker", {"id": worker_id, "session": steps.my_session() + 1}) == [(False,)]
    with steps.another_session() as other:
        assert other.do(lambda: workers.lock(worker_id)), "the pool's session holds it"


def test_a_beat_moves_nobody_else() -> None:
    other = a_worker("other@here")
    before = Worker.objects.get(id=other).heartbeat_at
    workers.beat(a_worker())
    assert Worker.objects.get(id=other).heartbeat_at == before


def test_signing_off_twice_keeps_the_first_moment() -> None:
    worker_id = a_worker()
    workers.sign_off(worker_id)
    first = Worker.objects.get(id=worker_id).stopped_at
    workers.sign_off(worker_id)
    assert Worker.objects.get(id=worker_id).stopped_at == first is not None


def test_what_runs_on_a_worker_is_counted() -> None:
    mine, other = a_worker(), a_worker("two@here")
    claims = [running(mine) for _ in range(3)]
    running(other)
    steps.enqueued()
    assert workers.running_on(mine) == 3
    transitions.succeed(claims[0], None)
    transitions.snooze(claims[1], steps.HOUR, "")
    assert workers.running_on(mine) == 1
    assert workers.running_on(a_worker("idle@here")) == 0


def test_the_processes_that_hold_jobs_are_told() -> None:
    worker_id = a_worker()
    claims = [running(worker_id) for _ in range(3)]
    for claim, pid in zip(claims, (11, 12, 12), strict=True):
        Job.objects.filter(id=claim.id).update(worker_pid=pid)
    Job.objects.filter(id=running(a_worker("two@here")).id).update(worker_pid=13)
    assert {row.pid for row in workers.jobs_running_on(worker_id)} == {11, 12}
    transitions.succeed(claims[0], None)
    assert {row.pid for row in workers.jobs_running_on(worker_id)} == {12}
