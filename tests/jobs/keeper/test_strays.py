"""A live job that no table leads to is found again, whatever left it so; nobody else is touched."""

import pytest

from apps.jobs import job, transitions
from apps.jobs.keeper.rescue import rescue
from apps.jobs.keeper.strays import Strays
from apps.jobs.kinds.limits import limit_of
from apps.jobs.models import Bundle, Parked, Ready
from apps.jobs.states import State
from apps.jobs.transitions import Rules
from apps.jobs.worker import workers
from tests.jobs import steps
from tests.jobs.steps import state_of
from tests.kinds.add import add

pytestmark = pytest.mark.django_db


def test_a_running_job_whose_bundle_is_gone_is_rescued_when_its_worker_stopped() -> None:
    worker_id = steps.a_worker()
    claim = steps.claimed(steps.enqueued(), worker_id)
    Bundle.objects.all().delete()
    workers.sign_off(worker_id)
    assert rescue() == 0
    assert Strays()() == 1
    assert rescue() == 1
    assert state_of(claim.id) == State.READY
    assert steps.stands_in_line(claim.id)


def test_a_running_job_whose_worker_lives_ends_as_if_nothing_had_been() -> None:
    claim = steps.claimed(steps.enqueued(), steps.a_worker())
    Bundle.objects.all().delete()
    assert Strays()() == 1
    assert steps.is_in_window(claim.id)
    assert transitions.succeed(claim, None)
    assert state_of(claim.id) == State.SUCCEEDED
    assert Strays()() == 0


@pytest.mark.parametrize("state", [State.READY, State.QUEUED])
def test_a_waiting_job_that_is_neither_in_line_nor_in_the_window_is_sent_again(state: State) -> None:
    job_id = steps.in_line() if state == State.READY else steps.enqueued()
    Ready.objects.all().delete()
    Bundle.objects.all().delete()
    assert Strays()() == 1
    assert steps.stands_in_line(job_id)
    assert Strays()() == 0


def test_a_stray_of_a_limited_kind_waits_for_its_place_like_the_others() -> None:
    limit = limit_of(job("odd.limited_stray", concurrency=1)(_nothing))
    assert limit is not None
    rules = Rules(limits=[limit])
    first, stray = (steps.in_line(kind="odd.limited_stray", limit_key="odd.limited_stray") for _ in range(2))
    Ready.objects.filter(id=stray).delete()
    assert steps.published_ids(transitions.relay(steps.QUEUE, 5, rules)) == [first]
    assert Strays()() == 1
    assert transitions.relay(steps.QUEUE, 5, rules) == []


def test_whoever_stands_somewhere_or_sleeps_or_has_ended_is_left_alone() -> None:
    steps.in_line()
    steps.enqueued()
    transitions.succeed(steps.claimed(steps.enqueued(), steps.a_worker()), None)
    add.apply_async((1,), countdown=60)
    parked = Ready.objects.get(id=steps.in_line())
    places = ("id", "queue", "lane", "rank", "kind", "alone")
    Parked.objects.create(**{place: getattr(parked, place) for place in places})
    Ready.objects.filter(id=parked.id).delete()
    before = set(Bundle.objects.values_list("id", flat=True))
    assert Strays()() == 0
    assert set(Bundle.objects.values_list("id", flat=True)) == before


def test_the_ledger_is_read_in_parts_and_from_the_start_again(caplog: pytest.LogCaptureFixture) -> None:
    jobs = [steps.in_line() for _ in range(5)]
    look = Strays(batch=2)
    assert [look(), look()] == [0, 0]
    Ready.objects.filter(id__in=(jobs[0], jobs[4])).delete()
    assert [look(), look(), look()] == [1, 0, 1]
    assert f"1 jobs stood nowhere and are taken up again: {jobs[4]}" in caplog.text


def _nothing() -> None:
    """Do nothing."""
