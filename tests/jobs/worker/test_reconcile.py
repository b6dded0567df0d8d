"""A live worker takes back what the ledger says its processes run, when none of them has it in hand."""

import os
import threading
from uuid import UUID, uuid4

import pytest

from apps.jobs import process, transitions
from apps.jobs.models import Attempt, Job
from apps.jobs.running import holding
from apps.jobs.running.holding import Holding
from apps.jobs.states import State
from apps.jobs.transitions import Claim
from apps.jobs.worker import workers
from apps.jobs.worker.reconcile import Reconciler
from tests.jobs import steps
from tests.jobs.steps import row_of, state_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def worker_id(monkeypatch: pytest.MonkeyPatch) -> int:
    """The worker that this process is, with nothing in hand."""
    worker_id = steps.a_worker()
    monkeypatch.setattr(process, "_worker_id", worker_id)
    monkeypatch.setattr(holding, "_current", Holding())
    return worker_id


def beats(reconciler: Reconciler, times: int = 1) -> None:
    """Compare as often as that many heartbeats do."""
    for _ in range(times):
        before = holding.current().messages()
        reconciler.take_back_lost(workers.jobs_running_on(process.worker_id()), before=before)


def states(claims: list[Claim]) -> set[State]:
    return {state_of(claim.id) for claim in claims}


def test_job_that_is_in_no_hand_is_queued_again_at_the_second_heartbeat(worker_id: int) -> None:
    claim, reconciler = steps.running(worker_id), Reconciler()
    beats(reconciler)
    assert state_of(claim.id) == State.RUNNING
    beats(reconciler)
    assert (state_of(claim.id), row_of(claim.id)["deaths"]) == (State.READY, 0)
    assert Attempt.objects.get().message.startswith("No process of its worker ran it")


def test_jobs_of_a_message_in_hand_stay_however_long_it_takes(worker_id: int) -> None:
    reconciler = Reconciler()
    with holding.current().message() as hand:
        claims = [steps.running(worker_id) for _ in range(3)]  # as a bundle: one lease, some not begun
        Job.objects.update(lease=claims[0].lease)
        beats(reconciler, 2)
        hand.claimed(claims[0].lease)
        beats(reconciler, 3)
    assert states(claims) == {State.RUNNING}
    beats(reconciler, 2)
    assert states(claims) == {State.READY}


def test_lost_job_is_found_while_its_process_is_in_other_messages(worker_id: int) -> None:
    reconciler = Reconciler()
    with holding.current().message() as hand:
        lost = steps.running(worker_id)
        hand.claimed(lost.lease)
        beats(reconciler)
    for _ in range(2):
        with holding.current().message() as hand:
            other = steps.running(worker_id)
            hand.claimed(other.lease)
            beats(reconciler)
            assert state_of(other.id) == State.RUNNING
    assert state_of(lost.id) == State.READY


def test_claim_in_another_thread_hides_no_lost_job_for_longer_than_it_claims(worker_id: int) -> None:
    lost, reconciler = steps.running(worker_id), Reconciler()
    with holding.current().message() as hand:
        beats(reconciler, 3)
        assert state_of(lost.id) == State.RUNNING, "it may be the claim that was not noted yet"
        hand.claimed(uuid4())
        beats(reconciler)
        assert state_of(lost.id) == State.READY


def test_job_that_was_claimed_again_meanwhile_is_left_alone(worker_id: int) -> None:
    claim = steps.running(worker_id)
    transitions.hand_back(worker_id)
    again = steps.claimed(claim.id, worker_id)
    assert transitions.take_back_unheld(worker_id, os.getpid(), claim.lease, [claim.id]) == []
    assert state_of(again.id) == State.RUNNING


def test_more_messages_than_slots_switch_it_off(worker_id: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holding, "_SLOTS", holding._CHILDREN + 1)
    claim, reconciler = steps.running(worker_id), Reconciler()
    with holding.current().message(), holding.current().message():
        pass
    beats(reconciler, 3)
    assert state_of(claim.id) == State.RUNNING


def test_another_process_sees_each_thread_s_message_and_its_end() -> None:
    shared, leases = Holding(), [uuid4() for _ in range(20)]
    inside, leave = threading.Barrier(21), threading.Event()

    def work(lease: UUID) -> None:
        with shared.message() as hand:
            hand.claimed(lease)
            inside.wait(30)
            leave.wait(30)

    threads = [threading.Thread(target=work, args=(lease,)) for lease in leases]
    for thread in threads:
        thread.start()
    inside.wait(30)
    assert in_a_child(shared) == {lease.bytes for lease in leases}
    leave.set()
    for thread in threads:
        thread.join()
    assert in_a_child(shared) == set()


def in_a_child(shared: Holding) -> set[bytes]:
    """Read the memory in a forked process, as a worker's guard does."""
    ours, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.write(theirs, b"".join(message.lease for message in (shared.messages() or {}).values()))
        os._exit(0)
    os.close(theirs)
    os.waitpid(pid, 0)
    read = os.read(ours, 10_000)
    os.close(ours)
    return {read[at : at + 16] for at in range(0, len(read), 16)}
