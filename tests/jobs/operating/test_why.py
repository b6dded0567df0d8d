"""Why a job does not run yet: whatever the reason, one sentence says it."""

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.contrib.auth import get_user_model
from django.db.models.functions import Now

from apps.jobs import job, registry, transitions
from apps.jobs.kinds import limits
from apps.jobs.kinds.limits import Limit, Rate
from apps.jobs.models import Bucket, Duty, Job, Ready, Slot, Worker
from apps.jobs.operating import pause
from apps.jobs.operating.why import why_waiting
from apps.jobs.states import State
from apps.jobs.transitions import Fill, Rules
from tests.jobs import steps
from tests.jobs.crowd import many_in_line
from tests.jobs.steps import QUEUE, in_line

pytestmark = pytest.mark.django_db
TIME = r"\d{1,2} [A-Z][a-z]{2} \d{4}, \d\d:\d\d:\d\d UTC"


@pytest.fixture(autouse=True)
def at_work() -> None:
    """A keeper and a worker are there."""
    Duty.objects.create(name="relay", keeper="k", ran_at=Now(), took_ms=1)
    steps.a_worker()


def assert_told(job_id: UUID, pattern: str) -> None:
    """Check the sentence, with TIME for any time."""
    told = why_waiting(job_id)
    assert re.fullmatch(pattern.replace("TIME", TIME), told), told


def _body() -> None: ...


def limit_is(monkeypatch: pytest.MonkeyPatch, limit: Limit) -> None:
    """Limit every kind."""
    monkeypatch.setattr(limits, "limit_of", lambda _: limit)


def test_an_unknown_job() -> None:
    assert why_waiting(uuid4()) == "There is no such job."


def test_one_under_a_former_name_waits_for_the_limit_of_the_new_one() -> None:
    job("odd.why_now", aliases=("odd.why_then",), concurrency=1)(_body)
    Worker.objects.update(kinds=registry.names())
    [job_id] = many_in_line(1, lane="/odd.why_now", kind="odd.why_then", key="odd.why_now")
    Slot.objects.create(job_id=uuid4(), key="odd.why_then", taken_at=Now())
    assert_told(job_id, "Its limit odd.why_then is full: 1 of 1 run\\.")


@pytest.mark.parametrize(
    ("state", "word"),
    [
        (State.RUNNING, "runs"),
        (State.SUCCEEDED, "ended as succeeded"),
        (State.DEAD, "ended as dead"),
        (State.CANCELLED, "ended as cancelled"),
    ],
)
def test_one_that_does_not_wait(state: State, word: str) -> None:
    assert why_waiting(steps.job_in(state).id) == f"It is not waiting: it {word}."


def test_asleep() -> None:
    assert_told(steps.job_in(State.SCHEDULED).id, "It is scheduled for TIME.")
    assert_told(steps.job_in(State.RETRYING).id, "It failed once and tries again at TIME.")


def test_its_time_has_come() -> None:
    job_id = steps.job_in(State.SCHEDULED).id
    steps.its_time_comes(job_id)
    assert why_waiting(job_id) == "It is due; the keeper queues it within a second."


def test_too_late() -> None:
    job_id = in_line()
    Job.objects.filter(id=job_id).update(expires_at="2001-01-01T00:00Z")
    assert why_waiting(job_id) == "It was to start by 1 Jan 2001, 00:00:00 UTC; the keeper cancels it."


def test_its_queue_or_kind_is_paused() -> None:
    ada = get_user_model().objects.create(email="ada@example.com")
    job_id = steps.enqueued()
    pause.pause("queue", QUEUE)
    assert why_waiting(job_id) == f"Queue {QUEUE} is paused."
    until = datetime(2100, 1, 1, tzinfo=UTC)
    pause.pause("kind", steps.KIND, until=until, reason="Fire.", by=ada)
    assert why_waiting(job_id) == f"Queue {QUEUE} is paused."  # the wider cause first, as everywhere
    pause.resume("queue", QUEUE)
    assert why_waiting(job_id) == (
        f"Kind {steps.KIND} is paused by {ada.get_username()} until 1 Jan 2100, 00:00:00 UTC: Fire."
    )


def test_its_kind_was_just_resumed() -> None:
    job_id = in_line()
    pause.pause("kind", steps.KIND)
    transitions.relay(QUEUE, 1, Rules(paused=[steps.KIND]))
    pause.resume("kind", steps.KIND)
    assert why_waiting(job_id) == f"Kind {steps.KIND} was resumed; the keeper queues it again."


def test_no_worker_takes_from_its_queue() -> None:
    assert why_waiting(in_line(queue="imports")) == (
        "No live worker takes from queue imports. Run: celery -A config worker -Q imports"
    )


def test_in_the_broker() -> None:
    first, second = steps.enqueued(), steps.enqueued()
    assert_told(first, "It is in the broker since TIME.")
    assert_told(second, "It is in the broker since TIME; 1 message of its queue went before it.")


def test_in_the_broker_with_others() -> None:
    ids = [in_line() for _ in range(3)]
    transitions.relay(QUEUE, 1, Rules(fills={steps.KIND: Fill(10, 10)}))
    assert_told(ids[1], "It is in the broker since TIME, with 2 jobs more.")


def test_no_keeper() -> None:
    job_id, asleep = in_line(), steps.job_in(State.SCHEDULED).id
    steps.its_time_comes(asleep)
    Duty.objects.update(ran_at="2001-01-01T00:00Z")
    assert why_waiting(job_id) == why_waiting(asleep)
    assert why_waiting(job_id).startswith("No keeper is running: ")
    assert why_waiting(job_id).endswith("Run: manage.py keeper")
    Ready.objects.all().delete()
    in_broker = steps.enqueued()
    assert_told(in_broker, "It is in the broker since TIME.")


def test_its_limit_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    limit_is(monkeypatch, Limit(steps.KIND, 2, None))
    [job_id] = many_in_line(1, lane="/kinds.add:7", key="kinds.add:7")
    assert why_waiting(job_id) == "It is the next in its lane."
    for _ in range(2):
        Slot.objects.create(job_id=uuid4(), key="kinds.add:7", taken_at=Now())
    assert why_waiting(job_id) == "Its limit kinds.add:7 is full: 2 of 2 run."


def test_its_limit_s_tokens_are_spent(monkeypatch: pytest.MonkeyPatch) -> None:
    limit_is(monkeypatch, Limit(steps.KIND, None, Rate(10, 60)))
    [job_id] = many_in_line(1, lane="/kinds.add", key="kinds.add")
    bucket = Bucket.objects.create(key="kinds.add", tokens=0.5, refilled_at=Now())
    assert_told(job_id, "Its limit kinds.add lets 10 start in 60 s; the next may at TIME.")
    Bucket.objects.filter(key=bucket.key).update(refilled_at=Now() - timedelta(seconds=4))
    assert why_waiting(job_id) == "It is the next in its lane."


def test_its_place_in_line() -> None:
    ids = many_in_line(3, lane="acme")
    assert why_waiting(ids[0]) == "It is the next in its lane."
    assert why_waiting(ids[1]) == "1 job stands before it in its lane."
    many_in_line(2, lane="other")
    assert why_waiting(ids[2]) == (
        f"2 jobs stand before it in its lane, and 2 lanes take turns in queue {QUEUE}."
    )


def test_a_crowd_before_it_is_not_counted_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.jobs.operating.why._COUNT_TO", 5)
    ids = many_in_line(10)
    assert why_waiting(ids[-1]) == "More than 5 jobs stand before it in its lane."


def test_between_line_and_broker() -> None:
    job_id = in_line()
    steps._rows("DELETE FROM jobs_ready RETURNING 1")
    assert why_waiting(job_id) == "It is being sent to the broker."


def test_no_live_worker_knows_its_kind() -> None:
    job_id = in_line(kind="shop.released_tomorrow")
    told = "No live worker knows kind shop.released_tomorrow (one@here)."
    assert why_waiting(job_id).startswith(told)
    transitions.set_aside([steps.claimed(job_id, steps.a_worker("two@here"))])
    assert why_waiting(job_id).startswith(
        "No live worker knows kind shop.released_tomorrow (one@here, two@here)"
    )
    assert "It is tried again at" in why_waiting(job_id)
    Worker.objects.update(kinds=["shop.released_tomorrow"])
    assert_told(job_id, "It is scheduled for TIME.")


def test_no_live_worker_reads_its_version() -> None:
    job_id = in_line(schema_version=4)
    assert "No live worker reads version 4 of kinds.add, only up to 1" in why_waiting(job_id)


def test_a_job_that_sleeps_on_purpose_is_not_blocked_by_a_missing_worker() -> None:
    job_id = steps.running().id
    Worker.objects.all().delete()
    claim = Job.objects.get(id=job_id)
    assert claim.state == State.RUNNING
    asleep = steps.job_in(State.SCHEDULED).id
    assert_told(asleep, "It is scheduled for TIME.")


def test_the_broker_is_away() -> None:
    in_broker, job_id = steps.enqueued(), in_line()
    Duty.objects.update(error="The broker is away: Connection refused.")
    for waiting in (in_broker, job_id):
        assert why_waiting(waiting).startswith("The keeper cannot reach the broker: Connection refused. ")
