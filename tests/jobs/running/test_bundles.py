"""One message may carry many jobs: each ends in its own way, and no neighbour feels it."""

import logging
import os
import signal
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction
from django.db.models.functions import Now

from apps.jobs import Discard, RetryPolicy, Snooze, job, process, sql, transitions
from apps.jobs.models import Attempt, Bundle, Duty, Job, LogLine, Pace, Ready
from apps.jobs.running import pace
from apps.jobs.running.record import Record
from apps.jobs.running.run import run_claims
from apps.jobs.states import State
from apps.jobs.transitions import Claim, Success
from tests.jobs import steps
from tests.jobs.steps import QUEUE, state_of

pytestmark = pytest.mark.django_db

KIND = "odd.in_a_bundle"
ENDS = {0: State.SUCCEEDED, 1: State.RETRYING, 2: State.DEAD, 3: State.SCHEDULED, 4: State.SUCCEEDED}


@job(KIND, retry=RetryPolicy(max_attempts=2))
def in_a_bundle(a: int) -> int:
    """End in the way that its number says."""
    match a:
        case 1:
            raise ValueError("a bad day")
        case 2:
            raise Discard("no hope")
        case 3:
            raise Snooze(timedelta(hours=1))
        case 5:
            os.kill(os.getpid(), signal.SIGTERM)
    return a * 10


def packed(*numbers: int, kind: str = KIND) -> tuple[UUID, list[UUID]]:
    """Put jobs into the window as one message."""
    ids = [steps.in_line(kind=kind, args={"a": number}) for number in numbers]
    Ready.objects.filter(id__in=ids).delete()
    bundle = uuid4()
    Bundle.objects.create(id=bundle, queue=QUEUE, kind=kind, published_at="2026-01-01T00:00Z", ids=ids)
    return bundle, ids


def claimed(bundle: UUID, ids: list[UUID], worker_id: int | None = None) -> list[Claim]:
    return transitions.claim(ids, bundle=bundle, worker_id=worker_id or steps.a_worker())


def ran(task: Any, claims: list[Claim]) -> dict[str, int]:
    record = Record(closes=claims[0].bundle)
    run_claims(task, claims, record)
    return dict(record.words)


def test_each_job_of_a_bundle_ends_in_its_own_way() -> None:
    bundle, ids = packed(0, 1, 2, 3, 4)
    words = ran(in_a_bundle, claimed(bundle, ids))
    assert words == {"succeeded": 2, "retrying": 1, "dead": 1, "snoozed": 1}
    assert {number: state_of(job_id) for number, job_id in enumerate(ids)} == ENDS
    assert list(
        Job.objects.filter(id__in=(ids[0], ids[4])).order_by("id").values_list("result", flat=True)
    ) == [0, 40]
    assert not Bundle.objects.exists()


@pytest.mark.parametrize("before", [(), (0,)], ids=["in the first job", "after one that ended"])
def test_a_process_that_is_told_to_end_in_the_middle_of_a_bundle_leaves_the_rest_to_be_given_back(
    before: tuple[int, ...], in_a_child: None
) -> None:
    bundle, ids = packed(*before, 5, 0)
    worker_id = steps.a_worker()
    with pytest.raises(SystemExit):
        ran(in_a_bundle, claimed(bundle, ids, worker_id))
    done, left = ids[: len(before)], ids[len(before) :]
    assert [state_of(job_id) for job_id in ids] == [State.SUCCEEDED] * len(done) + [State.RUNNING] * 2
    assert set(transitions.hand_back(worker_id)) == set(left)
    assert set(Ready.objects.values_list("id", flat=True)) == set(left)


def test_a_bundle_of_which_something_still_runs_is_not_closed() -> None:
    bundle, ids = packed(0, 0)
    claims = claimed(bundle, ids)
    transitions.finish([Success(claims[0])])
    transitions.close(bundle)
    assert Bundle.objects.filter(id=bundle).exists()
    transitions.finish([Success(claims[1])])
    transitions.close(bundle)
    assert not Bundle.objects.exists()


def test_a_process_that_cannot_write_an_outcome_and_lives_on_keeps_none_of_its_bundle(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bundle, ids = packed(0, 2, 0)
    worker_id = steps.a_worker()
    process.set_worker_id(worker_id)
    claims = claimed(bundle, ids, worker_id)

    def refuse(*_: object, **__: object) -> bool:
        raise LookupError("nobody knows why")

    monkeypatch.setattr(transitions, "bury", refuse)
    with pytest.raises(LookupError):
        ran(in_a_bundle, claims)
    assert [state_of(job_id) for job_id in ids] == [State.SUCCEEDED, State.READY, State.READY]
    deaths = dict(Job.objects.filter(id__in=ids).values_list("id", "deaths"))
    assert [deaths[job_id] for job_id in ids] == [0, 1, 0]


def test_a_bundle_is_claimed_in_its_own_order() -> None:
    bundle, ids = packed(*range(20))
    backwards = ids[::-1]
    assert [claim.id for claim in claimed(bundle, backwards)] == backwards


def test_the_whole_bundle_is_finished_in_one_statement() -> None:
    bundle, ids = packed(*([0] * 50))
    claims = claimed(bundle, ids)
    with connection.execute_wrapper(counter := Counter()):
        ran(in_a_bundle, claims)
    assert counter.updates == 1
    assert set(Job.objects.filter(id__in=ids).values_list("state", flat=True)) == {State.SUCCEEDED}


def holds(job_id: UUID) -> None:
    """Lock a job's row until this session ends."""
    transaction.set_autocommit(False)
    Job.objects.select_for_update().get(id=job_id)


class Counter:
    """Count the statements that change jobs."""

    def __init__(self) -> None:
        self.updates = 0

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        self.updates += "UPDATE jobs_job" in sql
        return execute(sql, params, many, context)


def test_every_job_of_a_bundle_has_its_own_start() -> None:
    bundle, ids = packed(0, 0)
    claims = claimed(bundle, ids)
    record = Record(closes=bundle)
    first, second = (
        transitions.Success(claim, "1", began_s=began)
        for claim, began in zip(claims, (0.0, 60.0), strict=True)
    )
    transitions.finish([first, second], closes=bundle)
    began = [row.started_at or row.enqueued_at for row in Job.objects.filter(id__in=ids).order_by("id")]
    assert timedelta(seconds=59) < began[1] - began[0] < timedelta(seconds=61)
    assert not record.words


def test_a_job_that_was_rescued_meanwhile_is_refused_and_its_neighbours_are_not() -> None:
    worker = steps.a_worker()
    bundle, ids = packed(0, 0, 0)
    claims = claimed(bundle, ids, worker)
    Job.objects.filter(id=ids[1]).update(lease=uuid4())  # another holds it now
    assert ran(in_a_bundle, claims) == {"succeeded": 2, "lease lost": 1}
    assert [state_of(job_id) for job_id in ids] == [State.SUCCEEDED, State.RUNNING, State.SUCCEEDED]


def test_a_result_that_the_database_refuses_buries_its_job_alone(committed: None) -> None:
    bundle, ids = packed(0, 0, 0)
    claims = claimed(bundle, ids)
    record = Record(closes=bundle)
    for place, claim in enumerate(claims):
        record.succeeded(transitions.Success(claim, "not json" if place == 1 else "1"))
    record.close()
    assert [state_of(job_id) for job_id in ids] == [State.SUCCEEDED, State.DEAD, State.SUCCEEDED]


def test_a_message_whose_bundle_is_gone_claims_nothing() -> None:
    bundle, ids = packed(0, 0)
    Bundle.objects.all().delete()
    assert claimed(bundle, ids) == []


def test_a_dead_worker_s_bundle_comes_back_alone_job_by_job() -> None:
    worker = steps.a_worker()
    bundle, ids = packed(0, 0, 0)
    claims = claimed(bundle, ids, worker)
    transitions.finish([transitions.Success(claims[0])])
    assert set(transitions.rescue([worker], max_deaths=3)) == set(ids[1:])
    assert set(Ready.objects.values_list("id", "alone")) == {(job_id, True) for job_id in ids[1:]}
    assert not Bundle.objects.exists()
    steps.assert_nothing_is_lost()


def test_what_a_stopping_worker_gives_back_may_be_bundled_again() -> None:
    worker = steps.a_worker()
    bundle, ids = packed(0, 0)
    claimed(bundle, ids, worker)
    transitions.hand_back(worker)
    assert set(Ready.objects.values_list("alone", flat=True)) == {False}


def test_a_job_that_a_rescue_could_not_lock_is_still_found_by_the_next(committed: None) -> None:
    worker = steps.a_worker()
    bundle, ids = packed(0, 0, 0)
    claimed(bundle, ids, worker)
    with steps.another_session() as other:
        other.do(lambda: holds(ids[1]))
        assert set(transitions.rescue([worker], max_deaths=3)) == {ids[0], ids[2]}
        steps.assert_nothing_is_lost()
    assert claimed(bundle, ids, worker) == [], "the old message is stale"
    assert transitions.rescue([worker], max_deaths=3) == [ids[1]]
    steps.assert_nothing_is_lost()


def test_a_job_that_was_asked_to_stop_before_its_turn_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.jobs.running.run._LOOK_EVERY_S", -1.0)
    bundle, ids = packed(0, 0, 0)
    claims = claimed(bundle, ids)
    transitions.cancel(ids[2])
    assert ran(in_a_bundle, claims) == {"succeeded": 2, "cancelled": 1}
    assert state_of(ids[2]) == State.CANCELLED


def test_a_bundle_that_lacks_jobs_is_left_to_the_sweep() -> None:
    """Another message's worker may be at them: closing it would hide them from every rescue."""
    bundle, ids = packed(0, 0)
    transitions.cancel(ids[0])
    claims = claimed(bundle, ids)
    run_claims(in_a_bundle, claims, Record(closes=None))
    assert Bundle.objects.filter(id=bundle).exists()
    steps.bundles_grow_old()
    sql.run("sweep_bundles", {})
    assert not Bundle.objects.exists()


def test_the_lines_of_all_jobs_are_written_together_and_kept_apart(committed: None) -> None:
    @job("odd.talks")
    def talks(a: int) -> None:
        logging.getLogger("here").warning("I am %d", a)

    bundle, ids = packed(7, 8, kind="odd.talks")
    ran(talks, claimed(bundle, ids))
    assert list(LogLine.objects.values_list("job_id", "message")) == [(ids[0], "I am 7"), (ids[1], "I am 8")]


def test_an_atomic_job_s_effects_and_completion_are_one_commit() -> None:
    @job("odd.atomic", atomic=True)
    def atomic(a: int) -> int:
        Duty.objects.create(name=f"mark {a}", keeper="", ran_at=Now(), took_ms=0)
        if a == 1:
            raise ValueError("after the mark")
        return a

    bundle, ids = packed(0, 1, 2, kind="odd.atomic")
    claims = claimed(bundle, ids)
    Job.objects.filter(id=ids[2]).update(lease=uuid4())  # another holds it now: its mark must not stay
    assert ran(atomic, claims) == {"succeeded": 1, "retrying": 1, "lease lost": 1}
    assert list(Duty.objects.values_list("name", flat=True)) == ["mark 0"]
    assert Attempt.objects.filter(job_id=ids[1]).count() == 1


def test_how_long_jobs_take_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.jobs.running.pace._WRITE_EVERY_S", -1.0)
    monkeypatch.setattr("apps.jobs.running.pace._kept", {})
    connection.in_atomic_block, inside = False, connection.in_atomic_block
    try:
        pace.remember(KIND, seconds=2.0, jobs=4)
        pace.remember(KIND, seconds=10.0, jobs=1)
    finally:
        connection.in_atomic_block = inside
    measured = Pace.objects.get(kind=KIND)
    assert measured.jobs == 5
    assert measured.mean_s == pytest.approx(0.5 + 9.5 * 0.2)
