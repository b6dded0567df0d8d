"""What waits for a job that ends badly hears of it, whoever ended the job."""

from typing import Any
from uuid import UUID

import pytest
from celery import chain, chord, group
from celery.exceptions import ChordError, TaskRevokedError
from celery.result import AsyncResult
from django_celery_results.models import ChordCounter  # type: ignore[attr-defined]  # not in the stubs

from apps.jobs import stretch, transitions
from apps.jobs.models import Job, Unsettled
from apps.jobs.running import settle
from apps.jobs.states import State
from tests.jobs import steps
from tests.jobs.canvas_steps import marks, run_once, states_of, work
from tests.jobs.steps import state_of
from tests.kinds import canvas as kinds
from tests.kinds.canvas import boom, plus, swap, total

pytestmark = pytest.mark.usefixtures("in_line")

WAIT_S = 0.5  # nothing runs while a test asks


def test_the_rest_of_a_chain_fails_with_the_error_of_its_first() -> None:
    last = chain(plus.s(1, 1), boom.s(), plus.s(1), plus.s(2))()
    work()
    with pytest.raises(ValueError, match="boom"):
        last.get(WAIT_S)
    assert (last.state, last.parent.state) == ("FAILURE", "FAILURE")
    assert Job.objects.count() == 2, "a step that never ran is no job"


def test_a_chord_with_a_dead_part_fails_and_says_so_to_its_errback(marks_table: None) -> None:
    body = chord([plus.s(1, 1), boom.s()])(total.s().on_error(kinds.told.s()))
    work()
    with pytest.raises(ChordError, match="boom"):
        AsyncResult(body.id).get(WAIT_S)
    assert marks(f"told {body.id}%") == 1
    assert not ChordCounter.objects.exists()


@pytest.mark.parametrize(
    "make",
    [
        lambda: chord([chain(boom.si(), group(plus.si(1), plus.si(2))), plus.si(3)], total.s()),
        lambda: chord([chain(boom.si(), chord([plus.si(1)], group(plus.si(1), plus.si(2))))], total.s()),
        lambda: chord([chord([boom.si()], total.s()), plus.si(3)], total.s()),
        lambda: chord([chord([boom.si()], group(plus.si(1), plus.si(2))), plus.si(3)], total.s()),
        lambda: chord([chord([boom.si()], chain(total.s(), group(plus.s(1), plus.s(2))))], total.s()),
        lambda: chord([swap.s(1, into="boom"), plus.si(1)], chain(total.s(), plus.s(1))),
    ],
    ids=["group", "chord with a group", "chord", "group as body", "chain as body", "replaced"],
)
def test_chord_fails_when_a_step_before_its_part_fails(make: Any) -> None:
    result = make().apply_async()
    work()
    assert (result.state, ChordCounter.objects.count()) == ("FAILURE", 0)
    with pytest.raises((ValueError, ChordError), match="boom"):
        result.get(WAIT_S)


def test_group_after_a_failed_step_fails() -> None:
    result = chain(boom.si(), group(plus.si(1), chain(plus.si(1), group(plus.s(1), plus.s(2)))))()
    work()
    with pytest.raises(ValueError, match="boom"):
        result.get(WAIT_S)
    assert [part.state for part in result.results[1].results] == ["FAILURE", "FAILURE"]


def test_chord_waits_for_all_parts_though_a_replayed_one_reports_twice(marks_table: None) -> None:
    slow = plus.si(1, 1).set(countdown=3600)
    body = chord([kinds.fails_once.s(5), slow])(total.s())
    assert run_once() == {"dead": 1}
    transitions.replay([Job.objects.get(state=State.DEAD).id])
    assert run_once() == {"succeeded": 1}
    assert (body.state, ChordCounter.objects.get().count) == ("PENDING", 1)
    work()
    assert body.get(WAIT_S) == 7


def test_who_waits_for_a_chord_hears_what_went_wrong_though_all_ended_between_two_looks() -> None:
    body: Any = chord([plus.s(1, 1), boom.s()])(total.s())  # what is called here, its stubs leave out

    def after_a_look() -> None:
        body._maybe_reraise_parent_error()
        work()

    with pytest.raises(ValueError, match="boom"):
        body.backend.wait_for(body.id, WAIT_S, on_interval=after_a_look)


def test_errbacks_with_an_id_are_jobs_and_those_with_an_error_are_called(marks_table: None) -> None:
    dead = boom.apply_async(link_error=[kinds.note.s(), kinds.told.s()])
    work()
    assert Job.objects.get(kind="canvas.note").result == f"noted {dead.id}"
    assert marks(f"told {dead.id} ValueError('boom', 7)") == 1


def test_an_errback_that_breaks_its_transaction_undoes_only_itself(marks_table: None) -> None:
    dead = boom.apply_async(link_error=[kinds.told_badly.s(), kinds.told.s(), kinds.note.s()])
    work()
    assert (state_of(UUID(dead.id)), marks("told badly%"), marks("told 0%")) == (State.DEAD, 0, 1)
    assert states_of("canvas.note") == [State.SUCCEEDED]
    assert not Unsettled.objects.exists()


def test_errbacks_wait_until_the_last_attempt() -> None:
    kinds.flaky.apply_async((1,), {"fails": 9}, link_error=kinds.note.s())
    assert work()["retrying"] == 3
    assert states_of("canvas.note") == [State.SUCCEEDED]


def test_a_person_s_cancel_of_a_waiting_part_fails_its_chord() -> None:
    body = chord([plus.s(1, 1), plus.s(2, 2)])(total.s())
    transitions.cancel(Job.objects.first().id)  # type: ignore[union-attr]
    work()
    assert body.state == "PENDING"
    assert settle.settle_ended() == 1
    with pytest.raises(ChordError, match="cancelled"):
        AsyncResult(body.id).get(WAIT_S)
    assert not Unsettled.objects.exists()


def test_a_cancelled_step_revokes_the_rest_of_its_chain() -> None:
    last = chain(plus.s(1, 1), plus.s(2), plus.s(3))()
    transitions.cancel(Job.objects.get().id)
    settle.settle_ended()
    with pytest.raises(TaskRevokedError):
        last.get(WAIT_S)
    assert last.state == "REVOKED"


def test_a_part_that_killed_its_workers_fails_its_chord() -> None:
    body = chord([plus.s(1, 1)])(total.s())
    worker = steps.a_worker()
    steps.claimed(Job.objects.get().id, worker)
    transitions.rescue([worker], max_deaths=1)
    assert settle.settle_ended() == 1
    with pytest.raises(ChordError, match="WorkerLost"):
        AsyncResult(body.id).get(WAIT_S)


def test_all_that_ended_badly_are_settled_in_one_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stretch, "_AT_A_STRETCH_S", 60.0)
    monkeypatch.setattr(settle, "_AT_ONCE", 2)
    for _ in range(5):
        chain(plus.s(1, 1), plus.s(2))()
    for job_id in Job.objects.values_list("id", flat=True):
        transitions.cancel(job_id)
    assert settle.settle_ended() == 5
    assert not Unsettled.objects.exists()


def test_when_its_time_is_over_the_rest_is_settled_in_the_keeper_s_next_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stretch, "_AT_A_STRETCH_S", 0.0)
    monkeypatch.setattr(settle, "_AT_ONCE", 1)
    for _ in range(2):
        chain(plus.s(1, 1), plus.s(2))()
    for job_id in Job.objects.values_list("id", flat=True):
        transitions.cancel(job_id)
    assert [settle.settle_ended() for _ in range(3)] == [1, 1, 0]


def test_those_that_could_not_be_told_are_told_later(monkeypatch: pytest.MonkeyPatch) -> None:
    chain(plus.s(1, 1), plus.s(2))()
    transitions.cancel(Job.objects.get().id)
    with monkeypatch.context() as broken:
        broken.setattr(settle, "_fail", _breaks)
        assert settle.settle_ended() == 0
    unsettled = Unsettled.objects.get()
    assert unsettled.tries == 1
    assert settle.settle_ended() == 0, "it looks again after a pause"
    Unsettled.objects.update(due_at="2001-01-01T00:00Z", tries=32_000)
    with monkeypatch.context() as broken:
        broken.setattr(settle, "_fail", _breaks)
        assert settle.settle_ended() == 0, "its counter stands still"
    Unsettled.objects.update(due_at="2001-01-01T00:00Z")
    assert settle.settle_ended() == 1


def test_a_job_that_was_put_back_in_line_meanwhile_is_not_settled() -> None:
    last = chain(boom.si(), plus.si(2))()
    claim = steps.claimed(Job.objects.get().id, steps.a_worker())
    transitions.bury(claim, steps.TROUBLE, {})
    assert Unsettled.objects.exists()
    Job.objects.update(state=State.READY, finished_at=None)
    assert settle.settle_ended() == 1
    assert (last.state, Unsettled.objects.exists()) == ("PENDING", False)


def test_jobs_that_nobody_waits_for_are_not_remembered() -> None:
    plus.delay(1)
    transitions.cancel(Job.objects.get().id)
    assert not Unsettled.objects.exists()


def _breaks(*_: object) -> None:
    raise RuntimeError("it broke")
