"""What should have started and did not: each cause is found, counted, named, and gone when it is repaired."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.db.models.functions import Now

from apps.jobs import transitions
from apps.jobs.models import Bundle, DeadLetter, Job, Worker
from apps.jobs.operating import pause
from apps.jobs.operating.not_started import MOST_COUNTED, Cause, Standing, look
from apps.jobs.states import State
from apps.jobs.transitions import Rules
from tests.jobs import steps
from tests.jobs.crowd import many_in_line
from tests.jobs.steps import KIND, QUEUE

pytestmark = pytest.mark.django_db
UNKNOWN = "shop.released_tomorrow"


def the_cause() -> Cause:
    """Return the only cause."""
    [cause] = look().causes
    return cause


def nothing_is_stuck() -> Standing:
    """Look, and find no cause."""
    standing = look()
    assert standing.causes == []
    return standing


def set_aside(*, kind: str = UNKNOWN, version: int = 1, jobs: int = 1, worker_id: int) -> None:
    """Have a worker claim jobs of a kind that it cannot read."""
    for _ in range(jobs):
        claim = steps.claimed(steps.in_line(kind=kind, schema_version=version), worker_id)
        if version > 1:
            transitions.set_aside_newer(claim, reads=1)
        else:
            transitions.set_aside([claim])


def learns(worker_id: int, *, kind: str = UNKNOWN, version: int = 1) -> None:
    """Restart a worker with a release that has the kind."""
    kinds = [*Worker.objects.get(pk=worker_id).kinds, kind]
    Worker.objects.filter(pk=worker_id).update(kinds=kinds, reads={kind: version})


def test_an_idle_installation_and_a_moving_line_are_well() -> None:
    assert nothing_is_stuck().count() == 0
    steps.a_worker()
    steps.in_line()
    steps.enqueued()
    steps.running(steps.a_worker("two@here"))
    assert nothing_is_stuck().count(QUEUE) == 2


@pytest.mark.parametrize("where", [steps.in_line, steps.enqueued])
def test_jobs_of_a_queue_without_a_worker(where: object) -> None:
    steps.a_worker(queues=("maintenance",))
    assert callable(where)
    where()
    cause = the_cause()
    assert (cause.reason, cause.queue, cause.jobs) == ("no worker", QUEUE, 1)
    assert cause.sentence == f"No live worker takes from queue {QUEUE}. 1 job waits."
    assert cause.mend == f"Run: celery -A config worker -Q {QUEUE}"
    assert cause.oldest_at is not None
    steps.a_worker("two@here")
    nothing_is_stuck()


@pytest.mark.parametrize("end", [{"stopped_at": Now()}, {"heartbeat_at": Now() - timedelta(minutes=5)}])
def test_a_worker_that_stopped_or_is_silent_takes_nothing(end: dict[str, object]) -> None:
    worker_id = steps.a_worker()
    steps.in_line()
    Worker.objects.filter(pk=worker_id).update(**end)
    assert the_cause().reason == "no worker"


def test_a_worker_without_slots_takes_nothing() -> None:
    worker_id = steps.a_worker(concurrency=0)
    steps.in_line()
    assert the_cause().reason == "no slots"
    Worker.objects.filter(pk=worker_id).update(concurrency=1)
    nothing_is_stuck()


@pytest.mark.parametrize("where", [steps.in_line, steps.enqueued])
def test_a_kind_that_no_live_worker_knows_while_it_waits(where: object) -> None:
    worker_id = steps.a_worker()
    assert callable(where)
    where(kind=UNKNOWN)
    where()
    cause = the_cause()
    assert (cause.reason, cause.kind, cause.jobs) == ("unknown kind", UNKNOWN, 1)
    assert cause.sentence == f"No live worker knows kind {UNKNOWN} (one@here). 1 job waits."
    learns(worker_id)
    nothing_is_stuck()


def test_jobs_that_were_set_aside_are_waiting_not_gone() -> None:
    worker_id = steps.a_worker()
    steps.job_in(State.SCHEDULED)  # sleeps on purpose
    set_aside(jobs=3, worker_id=worker_id)
    assert look().count() == 3
    cause = the_cause()
    assert (cause.reason, cause.kind, cause.jobs) == ("unknown kind", UNKNOWN, 3)
    learns(worker_id)
    assert nothing_is_stuck().count() == 3


def test_a_version_that_no_live_worker_reads() -> None:
    worker_id = steps.a_worker()
    set_aside(kind=KIND, version=3, worker_id=worker_id)
    cause = the_cause()
    assert (cause.reason, cause.kind, cause.jobs) == ("newer version", KIND, 1)
    assert "version 3" in cause.sentence
    assert "only up to 1 (one@here)" in cause.sentence
    learns(worker_id, kind=KIND, version=3)
    nothing_is_stuck()


def test_jobs_that_died_unread_are_red_until_they_are_decided() -> None:
    worker_id = steps.a_worker()
    set_aside(worker_id=worker_id)
    job_id = Job.objects.get(kind=UNKNOWN).pk
    for _ in range(7):
        steps.released(job_id)
        transitions.set_aside([steps.claimed(job_id, worker_id)])
    cause = the_cause()
    assert cause.sentence == f"1 job of kind {UNKNOWN} died because no live worker could read them."
    assert f"--kind {UNKNOWN}" in cause.mend
    DeadLetter.objects.update(decided_at=Now(), decision="discarded")
    nothing_is_stuck()


def test_a_paused_queue_says_by_whom_until_when_and_why() -> None:
    ada = get_user_model().objects.create(email="ada@example.com")
    steps.a_worker()
    pause.pause("queue", QUEUE, until=datetime(2100, 1, 1, tzinfo=UTC), reason="A fire.", by=ada)
    assert look().causes == []  # nothing waits for it
    steps.enqueued()
    cause = the_cause()
    assert (cause.reason, cause.queue, cause.jobs) == ("paused", QUEUE, 1)
    assert cause.sentence == (
        f"Queue {QUEUE} is paused by {ada.get_username()} until 1 Jan 2100, 00:00:00 UTC: A fire. "
        "1 job waits."
    )
    pause.resume("queue", QUEUE)
    nothing_is_stuck()


def test_a_paused_kind_is_counted_in_line_and_parked() -> None:
    steps.a_worker()
    steps.in_line()
    pause.pause("kind", KIND)
    assert (the_cause().reason, the_cause().kind, the_cause().jobs) == ("paused", KIND, 1)
    transitions.relay(QUEUE, 1, Rules(paused=[KIND]))
    assert (the_cause().jobs, look().count()) == (1, 1)
    pause.resume("kind", KIND)
    nothing_is_stuck()


def test_messages_that_no_worker_takes_although_it_is_idle() -> None:
    worker_id = steps.a_worker(concurrency=1)
    steps.enqueued()
    Bundle.objects.update(tries=8)
    assert the_cause().reason == "not taken"
    assert "1 slot of its live workers run" in the_cause().sentence
    steps.running(worker_id)  # it is busy: then a long wait is no fault
    nothing_is_stuck()


def test_a_long_line_is_counted_to_a_bound_and_hides_no_other_lane() -> None:
    steps.a_worker()
    many_in_line(MOST_COUNTED + 50, lane="a crowd")
    many_in_line(1, lane="last", kind=UNKNOWN)
    assert look().count() == MOST_COUNTED + 1
    assert the_cause().kind == UNKNOWN
    Worker.objects.update(stopped_at=Now())
    assert the_cause().sentence.endswith("More than 10,000 jobs wait.")


def test_everything_is_said_at_once() -> None:
    steps.a_worker()
    steps.in_line(kind=UNKNOWN)
    steps.in_line(queue="exports")
    steps.enqueued(queue="imports")
    pause.pause("queue", "imports")
    assert {(cause.reason, cause.queue) for cause in look().causes} == {
        ("unknown kind", QUEUE),
        ("no worker", "exports"),
        ("paused", "imports"),
    }


def test_it_reads_a_bounded_part_of_a_long_line() -> None:
    steps.a_worker()
    many_in_line(20_000)
    with connection.cursor() as cursor:
        reads = "SELECT sum(idx_tup_fetch + seq_tup_read) FROM pg_stat_xact_user_tables"
        cursor.execute(reads)
        [(before,)] = cursor.fetchall()
        look()
        cursor.execute(reads)
        [(after,)] = cursor.fetchall()
    assert after - before < 2 * MOST_COUNTED
