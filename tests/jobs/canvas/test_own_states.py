"""A job that gives itself one of Celery's states and asks to be ignored, as Celery's users write it."""

from typing import Any

import pytest
from celery import Task, chain, shared_task
from celery.exceptions import Ignore

from apps.jobs.models import DeadLetter
from apps.jobs.task import JobTask
from tests.jobs.canvas_steps import work
from tests.kinds.canvas import plus

pytestmark = pytest.mark.usefixtures("in_line")


@shared_task(name="odd.fails_itself", base=JobTask, bind=True)
def fails_itself(self: "Task[..., Any]", states: list[str]) -> None:
    """Give itself states and ask to be ignored, as Celery's users end a task that failed."""
    for state in states:
        self.update_state(state=state, meta={"why": "no stock"})
    raise Ignore


def test_ignore_after_the_state_failure_ends_a_job_as_a_dead_letter() -> None:
    last = chain(fails_itself.si(["PROGRESS", "FAILURE"]), plus.s())()
    assert work() == {"dead": 1}
    assert "no stock" in DeadLetter.objects.get().message
    assert (last.parent.state, last.state) == ("FAILURE", "FAILURE")


@pytest.mark.parametrize("states", [["FAILURE", "PROGRESS"], ["SUCCESS"], ["REVOKED"]])
def test_ignore_after_any_other_state_ends_it_as_cancelled(states: list[str]) -> None:
    handle: Any = fails_itself.delay(states)
    assert work() == {"cancelled": 1}
    assert handle.state == "REVOKED"
