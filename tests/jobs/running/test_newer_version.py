"""Jobs whose arguments a newer release wrote wait for its workers, or end with evidence: never neither."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from celery.app.task import Context as Request
from django.db import connection

from apps.jobs import job, process, transitions
from apps.jobs.models import Attempt, Bundle, DeadLetter, Job, Worker
from apps.jobs.running.run import run, run_message
from apps.jobs.states import State
from apps.jobs.transitions.set_aside import PATIENCE
from tests.jobs import steps
from tests.jobs.running.test_bundles import claimed, packed, ran
from tests.jobs.steps import row_of, state_of

pytestmark = pytest.mark.usefixtures("committed")

KIND = "odd.rolled_back"
NAPS = [5, 10, 20, 40, 80, 160, 300]


def _same(a: int) -> int:
    return a


older = job(KIND)(_same)
atomic = job("odd.rolled_back_atomic", atomic=True)(_same)


@pytest.fixture
def worker_id(committed: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A worker of the older release."""
    registered = steps.a_worker("old@here")
    monkeypatch.setattr(process, "_worker_id", registered)
    yield registered
    connection.close()


def newer_job(kind: str = KIND, version: int = 3) -> UUID:
    """Enqueue what a newer release would."""
    return steps.enqueued(kind=kind, args={"a": 7}, schema_version=version, max_attempts=1, tenant="acme")


def a_newer_worker(**fields: Any) -> int:
    """Sign a worker on that reads up to version 3."""
    newer = steps.a_worker("new@here")
    Worker.objects.filter(pk=newer).update(**({"kinds": [KIND], "reads": {KIND: 3}} | fields))
    return newer


def bounced(job_id: UUID, task: Any = older) -> State:
    """Bring a job's message to the older worker; say where the job is then."""
    if state_of(job_id) == State.SCHEDULED:
        steps.released(job_id)
    if steps.stands_in_line(job_id):
        transitions.relay(steps.QUEUE, 10)
    message = SimpleNamespace(bundle=str(steps.bundle_of(job_id)), jobs=[str(job_id)], id=str(job_id))
    run_message(task, Request(vars(message)))
    return state_of(job_id)


def nap_of(job_id: UUID) -> int:
    """Say for how long a job sleeps since its last attempt."""
    begins_at = Attempt.objects.filter(job_id=job_id).latest("id").ended_at
    seconds: float = row_of(job_id)["run_after"].timestamp() - begins_at.timestamp()
    return round(seconds)


@pytest.mark.parametrize("task", [older, atomic], ids=["plain", "atomic"])
def test_when_no_worker_reads_it_it_is_buried_after_a_while_and_says_which_version_is_needed(
    worker_id: int, task: Any
) -> None:
    job_id, naps = newer_job(task.name), []
    for _ in range(PATIENCE):
        assert bounced(job_id, task) == State.SCHEDULED
        naps.append(nap_of(job_id))
    assert naps == NAPS
    assert row_of(job_id)["failures"] == 0
    assert bounced(job_id, task) == State.DEAD
    letter = DeadLetter.objects.get(pk=job_id)
    assert letter.message == (
        f"Its arguments have version 3 of {task.name}, and this release reads up to 1."
        " Deploy one that reads version 3; a dead letter has to be replayed then."
        " Live workers of its queue that cannot run it: old@here. Restart them with the release that can."
    )
    assert letter.fingerprint == f"NewerVersion {task.name}"
    assert (letter.evidence["error_type"], letter.evidence["args"]) == ("NewerVersion", {"a": 7})
    assert (letter.worker_name, letter.tenant, letter.attempts) == ("old@here", "acme", PATIENCE + 1)
    assert set(Attempt.objects.values_list("error_type", flat=True)) == {"NewerVersion"}
    steps.assert_nothing_is_lost()


def test_after_the_deploy_its_dead_letter_is_replayed_and_runs(worker_id: int) -> None:
    job_id = newer_job()
    for _ in range(PATIENCE + 1):
        bounced(job_id)
    assert transitions.replay([job_id]) == [job_id]
    newest = job("odd.deployed_again", version=3)(_same)
    claim = steps.claimed(job_id, worker_id)
    assert run(newest, claim) == "succeeded"


def test_a_replay_gives_it_the_whole_patience_again(worker_id: int) -> None:
    job_id = newer_job()
    for _ in range(PATIENCE + 1):
        bounced(job_id)
    transitions.replay([job_id])
    assert bounced(job_id) == State.SCHEDULED


def test_while_a_live_worker_reads_it_it_comes_again_soon_and_is_never_buried(worker_id: int) -> None:
    newer, job_id, naps = a_newer_worker(), newer_job(), []
    for _ in range(PATIENCE + 3):
        assert bounced(job_id) == State.SCHEDULED
        naps.append(nap_of(job_id))
    assert naps == [1, 2, 4] + [5] * PATIENCE
    Worker.objects.filter(pk=newer).update(stopped_at="2001-01-01T00:00Z")
    assert bounced(job_id) == State.DEAD, "the last one that reads it is gone"


@pytest.mark.parametrize(
    ("fields", "end"),
    [
        ({"reads": {KIND: 2}}, State.DEAD),
        ({"reads": {}}, State.DEAD),
        ({"queues": ["imports"]}, State.DEAD),
        ({"kinds": []}, State.DEAD),
        ({"reads": {KIND: 4}}, State.SCHEDULED),
        ({"reads": None}, State.SCHEDULED),  # of a release that did not say: perhaps it does
    ],
    ids=str,
)
def test_a_live_worker_counts_when_it_may_read_that_version(
    worker_id: int, fields: dict[str, Any], end: State
) -> None:
    a_newer_worker(**fields)
    job_id = newer_job()
    for _ in range(PATIENCE):
        bounced(job_id)
    assert bounced(job_id) == end


def test_in_a_bundle_its_neighbours_run(worker_id: int) -> None:
    bundle, ids = packed(1, 2, 3, kind=KIND)
    Job.objects.filter(id=ids[1]).update(schema_version=2)
    assert ran(older, claimed(bundle, ids, worker_id)) == {"succeeded": 2, "snoozed": 1}
    assert [state_of(job_id) for job_id in ids] == [State.SUCCEEDED, State.SCHEDULED, State.SUCCEEDED]
    assert not Bundle.objects.exists()


def test_one_that_a_person_asked_to_stop_is_cancelled(worker_id: int) -> None:
    claim = steps.claimed(newer_job(), worker_id)
    transitions.cancel(claim.id)
    run(older, claim)
    assert state_of(claim.id) == State.CANCELLED


def test_a_worker_that_lost_its_lease_sets_nothing_aside(worker_id: int) -> None:
    claim = steps.claimed(newer_job(), worker_id)
    transitions.rescue([worker_id], max_deaths=3)
    assert run(older, claim) == "lease lost"
    assert not DeadLetter.objects.exists()


def test_a_worker_signs_on_with_the_versions_that_it_reads() -> None:
    job("odd.reads_third", version=3, aliases=("odd.was_read_third",))(_same)
    reads = Worker.objects.get(pk=steps.a_worker()).reads or {}
    assert reads["odd.reads_third"] == reads["odd.was_read_third"] == 3
    assert KIND not in reads
