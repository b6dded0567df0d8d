"""However many jobs are due together, they come into the line as fast as the database allows."""

import pytest

from apps.jobs import stretch
from apps.jobs.keeper import duties, release
from apps.jobs.models import Job, Ready
from apps.jobs.states import State
from tests.jobs import steps

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def time_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a stretch be long on any machine, and a look see little."""
    monkeypatch.setattr(stretch, "_AT_A_STRETCH_S", 60.0)
    monkeypatch.setattr(release, "_AT_ONCE", 2)


def the_duty() -> duties.Duty:
    """Return the duty as the leader does it."""
    [duty] = [duty for duty in duties.prompt(lambda _: 0) if duty.name == "release"]
    return duty


def test_all_that_are_due_are_released_in_one_go_and_the_others_sleep_on() -> None:
    due = {steps.enqueued(delay=steps.HOUR) for _ in range(5)}
    Job.objects.update(run_after="2001-01-01T00:00Z")
    sleeps = steps.enqueued(delay=steps.HOUR)
    assert the_duty().do() == 5
    assert set(Ready.objects.values_list("id", flat=True)) == due
    assert steps.state_of(sleeps) == State.SCHEDULED
    assert the_duty().do() == 0


def test_when_its_time_is_over_the_rest_is_left_to_its_next_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(5):
        steps.enqueued(delay=steps.HOUR)
    Job.objects.update(run_after="2001-01-01T00:00Z")
    monkeypatch.setattr(stretch, "_AT_A_STRETCH_S", 0.0)
    assert [the_duty().do() for _ in range(4)] == [2, 2, 1, 0]
