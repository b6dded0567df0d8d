"""A worker that froze in a transaction over its job's row does not keep the job for itself."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction

from apps.jobs import sql
from apps.jobs.keeper import rescue
from apps.jobs.models import Job, Worker
from apps.jobs.states import State
from tests.jobs import steps
from tests.jobs.steps import a_worker, falls_silent, running, state_of
from tests.local.waiting import wait_until

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the database have been up for long, and a moment be a long time."""
    monkeypatch.setattr(settings, "BACKLINE_DEAD_AFTER_S", 0.001)
    monkeypatch.setattr(settings, "BACKLINE_HEARTBEAT_S", 0.05)


def locked_in_a_savepoint(job_id: UUID) -> None:
    """Write to the job's row in a transaction that stays open, as a body between checkpoint and commit."""
    transaction.set_autocommit(False)
    Job.objects.filter(id=UUID(int=0)).update(attempt=1)  # so that the outer transaction has begun
    transaction.savepoint()
    Job.objects.filter(id=job_id).update(subject="half done")


def ended() -> bool:
    """Say whether the session of this thread is gone."""
    try:
        Job.objects.exists()
    except (OperationalError, InterfaceError):
        return True
    return False


def test_its_session_is_ended_and_the_next_look_takes_the_job() -> None:
    worker_id = a_worker()
    claim = running(worker_id)
    falls_silent(worker_id)
    with steps.another_session() as frozen:
        frozen.do(lambda: locked_in_a_savepoint(claim.id))
        assert rescue.rescue() == 0
        wait_until(lambda: rescue.rescue() == 1)
        assert frozen.do(ended)
    assert state_of(claim.id) == State.READY
    assert Job.objects.get(id=claim.id).subject != "half done"


def test_who_holds_the_row_of_a_living_workers_job_is_left_alone() -> None:
    worker_id = a_worker()
    claim = running(worker_id)
    dead = a_worker("dead@here")
    lost = running(dead)
    falls_silent(dead)
    Worker.objects.filter(id=worker_id).update(heartbeat_at="2100-01-01T00:00Z")
    with steps.another_session() as slow:
        slow.do(lambda: locked_in_a_savepoint(claim.id))
        wait_until(lambda: _idle_for(slow.pid) > timedelta(seconds=0.2))
        assert rescue.rescue() == 1
        assert rescue.rescue() == 0
        assert not slow.do(ended)
        slow.do(transaction.rollback)
    assert (state_of(lost.id), state_of(claim.id)) == (State.READY, State.RUNNING)


def test_a_session_that_works_is_left_alone() -> None:
    worker_id = a_worker()
    claim = running(worker_id)
    falls_silent(worker_id)
    Worker.objects.update(stopped_at="2001-01-01T00:00Z")
    with steps.another_session() as busy:
        busy.do(lambda: locked_in_a_savepoint(claim.id))
        asleep = busy.start(lambda: steps._rows("SELECT pg_sleep(1)"))
        wait_until(lambda: _state_of(busy.pid) == "active")
        assert sql.run("end_frozen", {"workers": [worker_id], "patience": 0.0}) == []
        asleep.result(timeout=60)
        assert not busy.do(ended)
        busy.do(transaction.rollback)


def _idle_for(pid: int) -> timedelta:
    rows = steps._rows("SELECT clock_timestamp() - state_change FROM pg_stat_activity WHERE pid = %s", [pid])
    return rows[0][0] if rows else timedelta()


def _state_of(pid: int) -> str:
    return str(steps._rows("SELECT state FROM pg_stat_activity WHERE pid = %s", [pid])[0][0])
