"""Jobs of a kind that a worker does not know wait for one that does, or end with evidence."""

import tomllib
from collections import Counter
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from celery.worker.consumer import Consumer
from django.conf import settings
from django.db import connection

from apps.jobs import process, transitions
from apps.jobs.messages import unknown_kind
from apps.jobs.models import Attempt, DeadLetter, Slot, Worker
from apps.jobs.states import State
from apps.jobs.transitions import Claim
from apps.jobs.transitions.set_aside import PATIENCE
from apps.jobs.worker.consumer import LedgerConsumer
from tests.contracts.tree import ROOT
from tests.jobs import steps

pytestmark = pytest.mark.usefixtures("committed")
KIND = "renamed.since"


@pytest.fixture
def worker_id(committed: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A worker whose code has no such kind."""
    registered = steps.a_worker("old@here")
    monkeypatch.setattr(process, "_worker_id", registered)
    yield registered
    connection.close()


def headers_of(job_ids: list[UUID]) -> dict[str, object]:
    return {
        "task": KIND,
        "id": str(job_ids[0]),
        "bundle": str(steps.bundle_of(job_ids[0])),
        "jobs": [str(job_id) for job_id in job_ids],
    }


def bounced(job_id: UUID) -> State:
    """Bring a job's message to the worker that does not know it; say where the job is then."""
    if steps.state_of(job_id) == State.SCHEDULED:
        steps.released(job_id)
    if steps.stands_in_line(job_id):
        transitions.relay(steps.QUEUE, 10)
    unknown_kind.set_aside(headers_of([job_id]))
    return steps.state_of(job_id)


def test_a_job_of_an_unknown_kind_sleeps_and_nothing_is_held_against_it(worker_id: int) -> None:
    job_id = steps.enqueued(kind=KIND)
    assert bounced(job_id) == State.SCHEDULED
    row = steps.row_of(job_id)
    assert (row["failures"], row["deaths"], row["lease"]) == (0, 0, None)
    story = Attempt.objects.get(job_id=job_id)
    assert (story.outcome, story.error_type, story.worker_name) == ("snoozed", "UnknownKind", "old@here")
    assert not steps.is_in_window(job_id)
    steps.assert_nothing_is_lost()


def test_it_sleeps_longer_each_time_and_is_buried_with_evidence_when_nobody_knows_it(worker_id: int) -> None:
    Worker.objects.filter(pk=worker_id).update(version="2.0")
    job_id = steps.enqueued(kind=KIND, args={"a": 7}, tenant="acme")
    naps = []
    for _ in range(PATIENCE):
        assert bounced(job_id) == State.SCHEDULED
        last = Attempt.objects.latest("id")
        naps.append(round((steps.row_of(job_id)["run_after"] - last.ended_at).total_seconds()))
    assert naps == [5, 10, 20, 40, 80, 160, 300]
    assert bounced(job_id) == State.DEAD
    letter = DeadLetter.objects.get(pk=job_id)
    assert letter.message.startswith(f"No job type is called '{KIND}'.")
    assert "Live workers of its queue that cannot run it: " in letter.message
    assert letter.message.endswith("Restart them with the release that can.")
    assert letter.fingerprint == f"UnknownKind {KIND}"
    assert letter.evidence["args"] == {"a": 7}
    assert (letter.worker_name, letter.version, letter.tenant) == ("old@here", "2.0", "acme")
    assert letter.attempts == PATIENCE + 1
    steps.assert_nothing_is_lost()


def test_while_a_live_worker_knows_the_kind_it_comes_again_soon_and_is_never_buried(worker_id: int) -> None:
    new = steps.a_worker("new@here")
    Worker.objects.filter(pk=new).update(kinds=[KIND])
    job_id = steps.enqueued(kind=KIND)
    naps = []
    for _ in range(PATIENCE + 3):
        assert bounced(job_id) == State.SCHEDULED
        last = Attempt.objects.latest("id")
        naps.append(round((steps.row_of(job_id)["run_after"] - last.ended_at).total_seconds()))
    assert naps[:4] == [1, 2, 4, 5], "it meets the one that knows it soon"
    assert set(naps[4:]) == {5}
    Worker.objects.filter(pk=new).update(queues=["imports"])
    assert bounced(job_id) == State.DEAD, "the one that knows it does not listen to its queue"


def test_when_the_last_worker_that_knows_it_stops_it_is_buried(worker_id: int) -> None:
    new = steps.a_worker("new@here")
    Worker.objects.filter(pk=new).update(kinds=[KIND])
    job_id = steps.enqueued(kind=KIND)
    for _ in range(PATIENCE):
        bounced(job_id)
    Worker.objects.filter(pk=new).update(stopped_at="2001-01-01T00:00Z")
    assert bounced(job_id) == State.DEAD


def test_a_replay_gives_it_the_whole_patience_again(worker_id: int) -> None:
    job_id = steps.enqueued(kind=KIND)
    for _ in range(PATIENCE + 1):
        bounced(job_id)
    assert transitions.replay([job_id]) == [job_id]
    assert bounced(job_id) == State.SCHEDULED


def test_a_whole_bundle_is_given_back_in_one_go(worker_id: int) -> None:
    ids = [steps.in_line(kind=KIND) for _ in range(3)]
    other = steps.in_line(kind=KIND)
    transitions.cancel(other)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM jobs_ready")
        cursor.execute(
            "INSERT INTO jobs_bundle (id, queue, kind, published_at, tries, ids)"
            " VALUES (gen_random_uuid(), 'default', %s, now(), 1, %s)",
            [KIND, ids],
        )
    Slot.objects.create(job_id=ids[0], key="k", taken_at="2001-01-01T00:00Z")
    unknown_kind.set_aside(headers_of(ids))
    assert {steps.state_of(job_id) for job_id in ids} == {State.SCHEDULED}
    assert not steps.is_in_window(ids[0])
    assert not Slot.objects.exists()
    unknown_kind.set_aside(headers_of(ids))  # delivered twice
    assert Attempt.objects.count() == 3


def test_one_that_a_person_asked_to_stop_is_cancelled(worker_id: int) -> None:
    claim = steps.running(worker_id, kind=KIND)
    transitions.cancel(claim.id)
    assert transitions.set_aside([claim]) == {State.CANCELLED: 1}
    steps.assert_nothing_is_lost()


def test_a_worker_that_lost_its_lease_gives_nothing_back(worker_id: int) -> None:
    claim = steps.running(worker_id, kind=KIND)
    transitions.rescue([worker_id], max_deaths=3)
    assert not transitions.set_aside([claim])
    assert steps.state_of(claim.id) == State.READY


# --- the consumer ----------------------------------------------------------------------


def consumer() -> Any:
    """A consumer that was not started."""
    made: Any = object.__new__(LedgerConsumer)
    made.connection_errors = ()
    made.event_dispatcher = None
    return made


def message(headers: dict[str, object]) -> Any:
    acknowledged: list[str] = []
    return SimpleNamespace(
        headers=headers,
        body=b"[[1], {}, {}]",
        delivery_info={"routing_key": "default"},
        acknowledged=acknowledged,
        ack_log_error=lambda *_: acknowledged.append("ack"),
    )


def test_the_consumer_gives_the_jobs_back_and_acknowledges_the_message(worker_id: int) -> None:
    job_id = steps.enqueued(kind=KIND)
    letter = message(headers_of([job_id]))
    consumer().on_unknown_task({}, letter, KeyError(KIND))
    assert connection.connection is None  # else a child forked now would share it
    assert letter.acknowledged == ["ack"]
    assert steps.state_of(job_id) == State.SCHEDULED


def test_a_message_that_names_nothing_is_dropped_and_the_keeper_sends_its_jobs_again(worker_id: int) -> None:
    job_id = steps.enqueued(kind=KIND)
    for bundle, jobs in [("no id", ["x"]), ("", []), (str(steps.bundle_of(job_id)), [7])]:
        letter = message({"task": KIND, "bundle": bundle, "jobs": jobs})
        consumer().on_unknown_task({}, letter, KeyError(KIND))
        assert letter.acknowledged == ["ack"]
    assert steps.state_of(job_id) == State.QUEUED
    steps.bundles_grow_old()
    again = transitions.republish(patience=steps.HOUR / 60)
    assert steps.published_ids(again) == [job_id]


def test_when_the_database_goes_away_in_between_nothing_is_claimed_and_the_keeper_sends_it_again(
    worker_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id, really = steps.enqueued(kind=KIND), transitions.set_aside

    def database_goes_away(claims: list[Claim]) -> Counter[State]:
        steps.end_session(steps.my_session())
        return really(claims)

    monkeypatch.setattr(transitions, "set_aside", database_goes_away)
    unknown_kind.set_aside(headers_of([job_id]))
    assert steps.state_of(job_id) == State.QUEUED


def test_a_task_that_is_not_ours_is_refused_as_celery_does(
    worker_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused: list[object] = []
    monkeypatch.setattr(Consumer, "on_unknown_task", lambda *args: refused.append(args[2]))
    foreign = message({"task": "somebody.elses", "id": "1"})
    consumer().on_unknown_task({}, foreign, KeyError("somebody.elses"))
    assert refused == [foreign]
    assert foreign.acknowledged == []


def test_and_stays_as_a_dead_letter_with_what_it_held(
    worker_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Consumer, "on_unknown_task", lambda *_: None)
    consumer().on_unknown_task({}, message({"task": "emails.sned", "id": "1"}), KeyError("emails.sned"))
    assert connection.connection is None  # else a child forked now would share it
    letter = DeadLetter.objects.get()
    assert letter.message.startswith("No job type or task is called 'emails.sned' here.")
    assert letter.evidence["args"]["body"] == "b'[[1], {}, {}]'"


def test_a_worker_signs_on_with_its_version_and_its_kinds(committed: None) -> None:
    worker = Worker.objects.get(pk=steps.a_worker())
    assert worker.version == settings.BACKLINE_VERSION
    assert worker.version == tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert steps.KIND in worker.kinds
