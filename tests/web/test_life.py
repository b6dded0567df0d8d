"""The drawing of a job's life tells what happened, and only that."""

import pytest

from apps.jobs import transitions
from apps.jobs.models import Attempt, Job
from apps.jobs.states import State
from apps.web.shown.life import Life, life
from apps.web.shown.now import now
from apps.web.shown.state_words import state_word
from tests.jobs import steps

pytestmark = pytest.mark.django_db


def of(job_id: object) -> Life:
    job = Job.objects.get(pk=str(job_id))
    return life(job, list(Attempt.objects.filter(job_id=job.pk).order_by("id")), ends_in=None, now=now())


def story(job_id: object) -> list[str]:
    return [step.words for step in of(job_id).steps]


def test_a_waiting_job_was_enqueued_and_may_still_end_in_three_ways() -> None:
    drawn = of(steps.in_line())
    assert [step.words for step in drawn.steps] == ["enqueued"]
    assert drawn.done == []
    assert len(drawn.possible) == 5
    assert not drawn.arrow


@pytest.mark.parametrize("state", [State.SUCCEEDED, State.DEAD, State.CANCELLED])
def test_an_ended_job_has_no_dotted_way(state: State) -> None:
    drawn = of(steps.job_in(state).id)
    assert drawn.possible == []
    assert [step.words for step in drawn.steps] == ["enqueued", "running, attempt 1", state_word(state)]
    assert not drawn.arrow


def test_each_return_to_the_line_is_told() -> None:
    worker_id = steps.a_worker()
    claim = steps.running(worker_id)
    transitions.rescue([worker_id], max_deaths=3)
    again = steps.claimed(claim.id, steps.a_worker("two@here"))
    transitions.retry(again, steps.TROUBLE, steps.HOUR)
    assert story(claim.id) == [
        "enqueued",
        "running, attempt 1",
        "worker lost, queued again",
        "running, attempt 2",
        "failed, retrying",
    ]
    assert of(claim.id).arrow


def test_a_job_cancelled_before_it_started_never_passed_a_worker() -> None:
    job_id = steps.in_line()
    transitions.cancel(job_id)
    drawn = of(job_id)
    assert [step.words for step in drawn.steps] == ["enqueued", "cancelled"]
    assert len(drawn.done) == 1


@pytest.mark.parametrize("state", State)
def test_exactly_one_stop_is_now(state: State) -> None:
    drawn = of(steps.job_in(state).id)
    assert [stop.state for stop in drawn.stops if stop.is_now] == [state]
