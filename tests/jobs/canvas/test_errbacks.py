"""An errback with an error is called in a process of a pool, within a limit, and never again and again."""

from pathlib import Path
from uuid import UUID

import pytest
from celery import chain, chord
from django.db import connection

from apps.jobs import process, transitions
from apps.jobs.models import DeadLetter, Job, Unsettled
from apps.jobs.running import settle
from apps.jobs.running.request import JobRequest
from apps.jobs.running.slate import Entry
from apps.jobs.states import State
from apps.jobs.worker.enforce import Reason, Sentence
from apps.jobs.worker.lost_child import bury_child
from tests.jobs import steps
from tests.jobs.canvas_steps import marks, run_once, states_of, work
from tests.jobs.steps import state_of
from tests.kinds import canvas as kinds
from tests.kinds.canvas import boom, plus, total

pytestmark = pytest.mark.usefixtures("in_line")

CALL = "canvas.call_errback"
PID = 4711


def killed_at_its_limit(job_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the heartbeat's thread write the outcome of a job whose process it killed."""
    worker_id = steps.a_worker()
    monkeypatch.setattr(process, "_worker_id", worker_id)
    claim = steps.claimed(UUID(job_id), worker_id)
    Job.objects.filter(id=claim.id).update(worker_pid=PID, max_attempts=1)
    last = Entry(PID, claim.lease, claim.id, 0.0, 1.0)
    assert bury_child(worker_id, PID, last=last, sentence=Sentence(last, Reason.OVERDUE)) == [claim.id]


def test_errback_of_a_killed_job_is_called_by_a_job_in_its_queue(
    marks_table: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = boom.apply_async(link_error=[kinds.told.s(), kinds.note.s()])
    killed_at_its_limit(dead.id, monkeypatch)
    assert state_of(UUID(dead.id)) == State.DEAD
    assert Unsettled.objects.exists(), "the thread of the heartbeats leaves it to the keeper"
    assert settle.settle_ended() == 1
    assert marks("told%") == 0, "nor does the keeper call it"
    assert Job.objects.get(kind=CALL).queue == Job.objects.get(id=dead.id).queue
    work()
    assert marks(f"told {dead.id} TimedOut(%") == 1
    assert states_of("canvas.note") == [State.SUCCEEDED]


def test_errback_of_a_job_whose_workers_died_is_called_by_a_job(marks_table: None) -> None:
    dead = boom.apply_async(link_error=kinds.told.s())
    worker = steps.a_worker()
    steps.claimed(UUID(dead.id), worker)
    transitions.rescue([worker], max_deaths=1)
    settle.settle_ended()
    assert marks("told%") == 0
    work()
    assert marks(f"told {dead.id} WorkerLost%") == 1


def test_errback_of_a_chord_is_called_by_a_job_when_the_last_part_succeeds(marks_table: None) -> None:
    slow = plus.si(1, 1).set(countdown=3600)
    body = chord([boom.si(), slow])(total.s().on_error(kinds.told.s()))
    assert run_once() == {"dead": 1}
    steps.released(Job.objects.get(kind="canvas.plus").id)
    assert run_once() == {"succeeded": 1}
    assert (marks("told%"), states_of(CALL)) == (0, [State.QUEUED])
    work()
    assert marks(f"told {body.id} ChordError(%") == 1


def test_errback_of_a_chord_is_called_by_a_job_when_a_part_is_cancelled(marks_table: None) -> None:
    body = chord([plus.si(1, 1)])(total.s().on_error(kinds.told.s()))
    transitions.cancel(Job.objects.get().id)
    settle.settle_ended()
    assert marks("told%") == 0
    work()
    assert marks(f"told {body.id} ChordError(%") == 1


@pytest.mark.parametrize("how", ["close", "kill session", "exit", "sleep"])
def test_errback_that_harms_its_process_ends_with_its_job_and_is_called_twice_at_most(
    tmp_path: Path, how: str
) -> None:
    """The process that ran the body calls it, then a job; its failure is a dead letter."""
    calls = tmp_path / "calls"
    dead = boom.apply_async(link_error=kinds.told_poison.s(how=f"{how}:{calls}"), time_limit=1)
    assert run_once() == {"dead": 1}
    assert state_of(UUID(dead.id)) == State.DEAD
    assert "boom" in DeadLetter.objects.get(job_id=dead.id).message
    if how == "sleep":  # interrupted at the limit of its job, and no session was harmed
        assert not Unsettled.objects.exists()
    else:
        assert settle.settle_ended() == 1
        # the loss of a session is forgiven a few times, whoever caused it
        assert run_once() == {"snoozed" if how == "kill session" else "dead": 1}
    assert set(calls.read_text().split()) == {dead.id}
    assert len(calls.read_text().split()) <= 2


def test_settling_that_loses_its_session_is_put_off_and_does_not_stop_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    poisoned, other = (chain(plus.s(1, 1), plus.s(2))() for _ in range(2))
    first = poisoned.parent.id
    for job_id in (first, other.parent.id):
        transitions.cancel(UUID(job_id))
    real = settle._fail

    def fail(request: JobRequest, error: BaseException, state: str) -> None:
        if request.id == first:
            connection.close()
            connection.cursor()
        real(request, error, state)

    monkeypatch.setattr(settle, "_fail", fail)
    assert settle.settle_ended() == 1
    assert Unsettled.objects.get().tries == 1
    assert other.state == "REVOKED"
