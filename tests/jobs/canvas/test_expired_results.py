"""Celery's cleanup of expired results, while a chord or a job still needs some of them."""

from datetime import timedelta
from typing import Any

import pytest
from celery import Signature, chain, chord, current_app, group
from celery.app.trace import build_tracer
from celery.result import AsyncResult
from django.conf import LazySettings
from django.db.models import F
from django_celery_results.models import ChordCounter, TaskResult  # type: ignore[attr-defined]  # not in the stubs

from apps.jobs.enqueuing import celery_ids
from apps.jobs.models import Job
from apps.jobs.states import SLEEPING
from apps.lib.ids import new_id
from tests.jobs.canvas_steps import run_once, work
from tests.jobs.conftest import Inbox, Letter
from tests.kinds.canvas import plus, times, total, turns

pytestmark = pytest.mark.usefixtures("in_line")

WAIT_S = 0.5  # nothing runs while a test asks
EXPIRED = timedelta(days=2)

named: Any = Signature


def later() -> Any:
    """Return a part that is not due when those beside it run."""
    return plus.si(10, 10).set(countdown=3600)


def cleaned_up(age: timedelta = EXPIRED) -> int:
    """Run Celery's cleanup when all results are so old; return how many it leaves."""
    TaskResult.objects.update(date_done=F("date_done") - age)
    current_app.tasks["celery.backend_cleanup"].apply().get()
    return TaskResult.objects.count()


def run_as_worker(letter: Letter) -> None:
    """Run a plain Celery message as a worker's process does."""
    body: Any = letter.body
    args, kwargs, embedded = body
    request = {**letter.headers, **embedded, "delivery_info": {}, "called_directly": False}
    run = build_tracer(letter.kind, current_app.tasks[letter.kind], app=current_app)
    run(str(letter.headers["id"]), args, kwargs, request)


HEADERS = {
    "part with Celery's id": lambda: [named("canvas.plus", args=(1, 2)), later()],
    "chain that ends with Celery's id": lambda: [chain(plus.s(1), named("canvas.plus", args=(1,))), later()],
    "group in a part": lambda: [chain(plus.si(1), group(named("canvas.plus", args=(0,)))), later()],
    "chord in a part": lambda: [chord([plus.si(1, 2)], named("canvas.total")), later()],
}


@pytest.mark.parametrize("header", HEADERS)
def test_chord_of_jobs_ends_after_a_cleanup_between_its_parts(header: str) -> None:
    result: Any = chord(HEADERS[header](), total.s())()
    while run_once():
        pass
    assert cleaned_up() > 0
    work()
    assert result.get(WAIT_S) in (22, 23)
    assert not ChordCounter.objects.exists()


def test_chord_ends_when_the_result_of_a_plain_task_in_it_has_expired(inbox: Inbox) -> None:
    result: Any = chord([times.s(6, 7), later()], total.s())()
    [letter] = inbox.letters()
    run_as_worker(letter)
    assert cleaned_up() == 1
    work()
    assert result.get(WAIT_S) == 62
    assert cleaned_up() == 0, "nothing needs it any more"


def test_failure_of_a_plain_task_reaches_the_chord_after_a_cleanup(inbox: Inbox) -> None:
    result: Any = chord([named("elsewhere.fails"), later()], total.s())()
    [letter] = inbox.letters()
    run_as_worker(letter)
    assert cleaned_up() == 1
    work()
    assert result.state == "FAILURE"


@pytest.mark.parametrize(("into", "value"), [("one", 6), ("chain", 1101), ("chord", 5)])
def test_plain_task_that_jobs_replaced_is_answered_after_a_cleanup(
    inbox: Inbox, into: str, value: int
) -> None:
    handle = turns.delay(1, into=into)
    [letter] = inbox.letters()
    run_as_worker(letter)
    assert cleaned_up() == 1
    work()
    assert handle.get(WAIT_S) == value


def test_id_of_celery_is_answered_as_long_as_its_job_is_in_the_ledger(settings: LazySettings) -> None:
    settings.BACKLINE_JOB_DAYS = 30
    call = named("canvas.plus", args=(1, 2))
    call.freeze()
    call.apply_async()
    work()
    cleaned_up(timedelta(days=29))
    assert AsyncResult(call.id).get(WAIT_S) == 3
    cleaned_up(timedelta(days=29))
    assert AsyncResult(call.id).get(WAIT_S) == 3
    Job.objects.all().delete()
    assert cleaned_up() == 0


def test_pointer_to_a_job_that_is_not_enqueued_yet_is_kept(settings: LazySettings) -> None:
    settings.BACKLINE_JOB_DAYS = 30
    celery_ids.answer("7e5b0c1e-0000-4000-8000-000000000000", str(new_id()))
    assert cleaned_up(timedelta(days=29)) == 1
    assert cleaned_up() == 0


def test_results_that_nothing_needs_are_deleted_when_they_expire(inbox: Inbox) -> None:
    chord([times.s(1, 1), later()], total.s())()
    times.delay(2, 2)
    for letter in inbox.letters():
        run_as_worker(letter)
    young = cleaned_up(timedelta(hours=1))
    assert (young, cleaned_up()) == (2, 1)
    assert Job.objects.filter(state__in=SLEEPING).exists(), "the chord goes on"


def test_pointer_that_names_no_job_is_deleted(settings: LazySettings) -> None:
    settings.BACKLINE_JOB_DAYS = 1
    celery_ids.answer("7e5b0c1e-0000-4000-8000-000000000000", "nothing of ours")
    assert cleaned_up() == 0
