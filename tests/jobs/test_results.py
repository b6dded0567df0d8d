"""AsyncResult: our jobs answer from the ledger, other packages' tasks from their own tables."""

import time
from threading import Thread
from typing import Any
from uuid import UUID, uuid4

import pytest
from celery import current_app, group, states
from celery.exceptions import TimeoutError as CelerysTimeout
from celery.result import AsyncResult, GroupResult
from django.db import connection
from django_celery_results.models import TaskResult

from apps.jobs import transitions
from apps.jobs.models import Job, Progress
from apps.jobs.states import State
from apps.lib.ids import new_id
from tests.jobs import steps
from tests.jobs.canvas_steps import run_once, work
from tests.jobs.steps import HOUR
from tests.kinds import canvas as kinds
from tests.kinds.canvas import boom, plus

pytestmark = pytest.mark.usefixtures("in_line")

WAIT_S = 0.5


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (State.SCHEDULED, states.PENDING),
        (State.READY, states.PENDING),
        (State.QUEUED, states.PENDING),
        (State.RUNNING, states.STARTED),
        (State.RETRYING, states.RETRY),
        (State.SUCCEEDED, states.SUCCESS),
        (State.DEAD, states.FAILURE),
        (State.CANCELLED, states.REVOKED),
    ],
)
def test_each_state_of_the_ledger_has_celery_s_word(state: State, said: str) -> None:
    assert AsyncResult(str(steps.job_in(state).id)).state == said


def test_every_state_has_a_word() -> None:
    assert len({AsyncResult(str(steps.job_in(state).id)).state for state in State}) == 6


class TestWhatItSays:
    def test_what_the_job_was(self) -> None:
        handle = plus.delay(1, b=2)
        work()
        result: AsyncResult[int] = AsyncResult(handle.id)
        assert (result.result, result.name, result.kwargs, result.queue) == (
            3,
            "canvas.plus",
            {"a": 1, "b": 2},
            "default",
        )
        assert (result.retries, result.worker, result.successful()) == (0, "one@here", True)
        assert result.date_done == Job.objects.get().finished_at

    def test_the_error_is_raised_again_as_what_it_was(self) -> None:
        handle = boom.delay()
        work()
        with pytest.raises(ValueError, match="boom") as raised:
            handle.get(WAIT_S)
        assert raised.value.args == ("boom", 7)
        assert "kinds/canvas.py" in str(handle.traceback)

    def test_an_error_that_cannot_be_made_again_keeps_its_name_and_what_it_said(self) -> None:
        handle = kinds.fails_oddly.delay()
        work()
        with pytest.raises(Exception, match=r"canvas\.Odd.*'odd', True"):
            handle.get(WAIT_S)

    def test_an_error_whose_module_this_process_never_loaded_keeps_its_name(self) -> None:
        claim = steps.running()
        gone = {"exc_type": "Gone", "exc_message": ["away"], "exc_module": "no.such.module"}
        transitions.bury(claim, steps.TROUBLE, {"exception": gone})
        with pytest.raises(Exception, match="away") as raised:
            AsyncResult(str(claim.id)).get(WAIT_S)
        assert type(raised.value).__name__ == "Gone"

    def test_an_error_with_arguments_that_are_not_json_keeps_its_sentence(self) -> None:
        handle = kinds.fails_oddly.delay(with_object=True)
        work()
        with pytest.raises(ValueError, match="object object"):
            handle.get(WAIT_S)

    def test_a_retrying_job_tells_its_last_error(self) -> None:
        handle = kinds.flaky.delay(1)
        run_once()
        assert (type(handle.info), str(handle.info)) == (RuntimeError, "not yet")

    def test_a_running_job_tells_how_far_it_is(self) -> None:
        claim = steps.running()
        Progress.objects.create(
            job_id=claim.id, attempt=1, done=3, total=9, note="rows", updated_at="2026-01-01T00:00Z"
        )
        assert AsyncResult(str(claim.id)).info == {"done": 3, "total": 9, "note": "rows"}

    def test_a_running_job_may_show_a_state_of_its_own(self) -> None:
        claim = steps.running()
        current_app.backend.store_result(str(claim.id), {"current": 5}, "PROGRESS")
        handle: AsyncResult[int] = AsyncResult(str(claim.id))
        assert (handle.state, handle.info) == ("PROGRESS", {"current": 5})
        transitions.succeed(claim, 7)
        assert (AsyncResult(str(claim.id)).state, handle.get(WAIT_S)) == ("SUCCESS", 7)

    def test_nobody_but_its_worker_writes_an_outcome(self) -> None:
        claim = steps.running()
        current_app.backend.mark_as_done(str(claim.id), "forged")
        current_app.backend.mark_as_failure(str(claim.id), ValueError("forged"))
        assert AsyncResult(str(claim.id)).state == "STARTED"
        assert not TaskResult.objects.exists()

    def test_a_dead_job_that_is_put_in_line_again_waits_again(self) -> None:
        handle = boom.delay()
        work()
        assert AsyncResult(handle.id).state == "FAILURE"
        Job.objects.update(state=State.READY, finished_at=None)
        assert AsyncResult(handle.id).state == "PENDING"

    def test_forgetting_a_job_leaves_its_row(self) -> None:
        handle = plus.delay(1)
        work()
        handle.forget()
        assert AsyncResult(handle.id).get(WAIT_S) == 2

    @pytest.mark.parametrize(
        "unknown",
        [str(new_id()), str(uuid4()), "'; --", "x" * 300],
        ids=["ours", "another's", "text", "long"],
    )
    def test_an_id_that_nobody_knows_waits(self, unknown: str) -> None:
        assert AsyncResult(unknown).state == "PENDING"


class TestWaiting:
    def test_get_answers_soon_after_the_job_ended(self) -> None:
        claim = steps.running()
        ended_at: list[float] = []

        def end() -> None:
            time.sleep(0.6)
            transitions.succeed(claim, "done")
            ended_at.append(time.monotonic())
            connection.close()

        thread = Thread(target=end)
        thread.start()
        assert AsyncResult(str(claim.id)).get(10) == "done"
        answered_at = time.monotonic()
        thread.join()
        assert answered_at - ended_at[0] < 5

    @pytest.mark.parametrize("timeout", [0, 0.05])
    def test_get_gives_up_in_time(self, timeout: float) -> None:
        handle, began_at = plus.apply_async((1,), countdown=HOUR.total_seconds()), time.monotonic()
        with pytest.raises(CelerysTimeout):
            handle.get(timeout)
        assert time.monotonic() - began_at < timeout + 5


class TestTasksOfOtherPackages:
    def test_their_results_stand_in_their_own_table(self) -> None:
        current_app.backend.store_result("a-foreign-id", 42, "SUCCESS")
        assert AsyncResult("a-foreign-id").get(WAIT_S) == 42
        assert TaskResult.objects.get().task_id == "a-foreign-id"

    def test_a_step_that_never_ran_is_no_job_but_has_failed(self) -> None:
        last = (boom.si() | plus.si(1)).apply_async()
        work()
        assert (last.state, Job.objects.filter(id=UUID(last.id)).exists()) == ("FAILURE", False)


class TestNativeJoin:
    def test_join_native_returns_results_in_order(self) -> None:
        made: Any = group(plus.s(3, 3), plus.s(1, 1), plus.s(2, 2)).apply_async()
        work()
        assert made.join_native(timeout=WAIT_S) == [6, 2, 4]

    def test_iter_native_yields_each_with_its_id(self) -> None:
        made: Any = group(plus.s(1, 1), plus.s(2, 2)).apply_async()
        work()
        seen: list[object] = []
        found = {task_id: meta["result"] for task_id, meta in made.iter_native(on_message=seen.append)}
        assert found == {made.results[0].id: 2, made.results[1].id: 4}
        assert len(seen) == 2

    def test_join_native_waits_for_those_that_still_run(self) -> None:
        made: Any = group(plus.s(1, 1), plus.s(2, 2)).apply_async()
        looks: list[int] = []

        def work_at_the_first_look() -> None:
            looks.append(1)
            work()

        assert made.join_native(timeout=HOUR.total_seconds(), on_interval=work_at_the_first_look) == [2, 4]
        assert looks

    def test_join_native_raises_the_error_of_a_part_and_gives_up_in_time(self) -> None:
        made: Any = group(boom.s(), plus.s(1)).apply_async()
        with pytest.raises(CelerysTimeout):
            made.join_native(timeout=0.05)
        work()
        with pytest.raises(ValueError, match="boom"):
            made.join_native(timeout=WAIT_S)


@pytest.mark.parametrize("task_id", ["\0", "a\0b", "\ud800"])
def test_an_id_that_no_task_can_have_is_pending(task_id: str) -> None:
    result: Any = AsyncResult(task_id)
    assert (result.state, result.result, result.info, result.ready()) == (states.PENDING, None, None, False)
    with pytest.raises(CelerysTimeout):
        result.get(timeout=0.01)
    result.forget()
    assert GroupResult.restore(task_id) is None
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")  # the caller's transaction is whole
