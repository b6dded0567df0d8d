"""Queues and kinds in the admin: how they stand, and how they are paused and resumed."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.jobs import job, transitions
from apps.jobs.models import Action, Pause
from apps.jobs.operating.queues import Queue
from tests.jobs import steps
from tests.jobs.minutes import HOUR, MINUTE, a_minute, current_minute
from tests.jobs.people import QUEUES, WHY, confirmed

pytestmark = pytest.mark.django_db


def _body() -> None: ...


def row_of(operator: Client, name: str) -> Queue:
    """Return a queue as the page shows it."""
    [found] = [queue for queue in operator.get(QUEUES).context["queues"] if queue.name == name]
    assert isinstance(found, Queue)
    return found


def test_queues_and_kinds_say_how_they_stand(operator: Client) -> None:
    steps.a_worker(concurrency=3)
    steps.in_line()
    steps.in_line(queue="forgotten")
    known, forgotten = row_of(operator, "default"), row_of(operator, "forgotten")
    assert (known.waiting, known.workers, known.slots, known.is_paused) == (1, 1, 3, False)
    assert known.oldest_at is not None
    assert (forgotten.waiting, forgotten.workers) == (1, 0)
    assert row_of(operator, "maintenance").waiting == 0
    page = operator.get(QUEUES)
    assert "No live worker takes from queue forgotten. 1 job waits." in page.content.decode()
    assert page.content.decode().count('<tr class="stuck">') == 1
    assert steps.KIND in [kind for kind, *_ in page.context["kinds"]]


def test_jobs_in_the_broker_and_those_that_were_put_aside_are_waiting(operator: Client) -> None:
    worker_id = steps.a_worker()
    steps.enqueued()
    transitions.set_aside([steps.claimed(steps.in_line(kind="shop.released_tomorrow"), worker_id)])
    assert row_of(operator, "default").waiting == 2
    assert "No live worker knows kind shop.released_tomorrow" in operator.get(QUEUES).content.decode()


def test_a_worker_that_is_silent_takes_nothing(operator: Client) -> None:
    steps.falls_silent(steps.a_worker())
    assert row_of(operator, "default").workers == 0


def test_a_kind_shows_its_last_hour_minute_by_minute(operator: Client) -> None:
    minute = current_minute() - 5 * MINUTE
    a_minute(minute, succeeded=6, ran_s=12)
    a_minute(minute, queue="imports", succeeded=2, dead=1, failed_attempts=4)
    a_minute(minute - 2 * HOUR, succeeded=1000)
    a_minute(minute, kind="kinds.walk", enqueued=1)
    with CaptureQueriesContext(connection) as asked:
        page = operator.get(QUEUES)
    assert len([query for query in asked if "jobs_rollup" in query["sql"]]) == 1
    text = page.content.decode()
    assert text.count('<rect class="nothing"') == 59 + 60
    assert text.count('<rect class="dead"') == 1
    assert 'role="img" aria-label="last hour, minute by minute: 8 succeeded, 1 dead"' in text
    assert f"<title>{minute:%H:%M}: 8 succeeded, 1 dead</title>" in text
    assert "<td>8</td><td>1</td><td>4</td><td>1.5 s</td>" in text


@pytest.mark.parametrize(("scope", "name"), [("queue", "default"), ("kind", steps.KIND)])
def test_a_queue_or_kind_is_paused_and_resumed(scope: str, name: str, operator: Client) -> None:
    query = f"?scope={scope}&name={name}"
    until = timezone.now() + timedelta(hours=2)
    page = confirmed(operator, f"{QUEUES}ask/pause/{query}", until=f"{until:%Y-%m-%dT%H:%M}")
    assert f"{scope.capitalize()} {name} paused." in page
    row = Pause.objects.get()
    assert (row.scope, row.name, row.reason) == (scope, name, WHY["reason"])
    assert row.until == until.replace(second=0, microsecond=0)
    assert f"ask/resume/?scope={scope}&amp;name={name}" in page
    assert f"{scope.capitalize()} {name} resumed." in confirmed(operator, f"{QUEUES}ask/resume/{query}")
    assert not Pause.objects.exists()
    assert [entry.verb for entry in Action.objects.order_by("id")] == ["pause", "resume"]
    assert f"{scope.capitalize()} {name} was not paused." in confirmed(
        operator, f"{QUEUES}ask/resume/{query}"
    )


@pytest.mark.parametrize(
    ("until", "error"),
    [
        ("2001-01-01T00:00", "This time has passed."),
        ("0001-01-01T00:00", "This time has passed."),
        ("2300-01-01T00:00", "more than a hundred years away"),
        ("9999-12-31T23:59", "more than a hundred years away"),
    ],
)
def test_a_pause_until_a_time_that_cannot_be_is_refused(operator: Client, until: str, error: str) -> None:
    page = confirmed(operator, f"{QUEUES}ask/pause/?scope=queue&name=default", until=until)
    assert error in page
    assert not Pause.objects.exists()


def test_a_kind_that_was_paused_before_its_rename_is_shown_as_paused(operator: Client) -> None:
    job("odd.shown", aliases=("odd.shown_before",))(_body)
    Pause.objects.create(scope="kind", name="odd.shown_before", reason="a flood", paused_at=Now())
    kinds = operator.get(QUEUES).context["kinds"]
    assert {kind: row.reason for kind, _, row, _ in kinds if row} == {"odd.shown": "a flood"}


def test_a_kind_that_there_is_not_is_not_paused(operator: Client) -> None:
    page = confirmed(operator, f"{QUEUES}ask/pause/?scope=kind&name=no.such", until="")
    assert "No job type is called" in page
    assert not Pause.objects.exists()
