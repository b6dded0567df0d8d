"""self.retry, autoretry_for, Retry, Ignore and Reject, as Celery's users write them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from celery import Task, current_app, shared_task
from celery.exceptions import MaxRetriesExceededError, Retry
from celery.result import AsyncResult

from apps.jobs import Context, RetryPolicy, job
from apps.jobs.models import Attempt, DeadLetter, Job
from apps.jobs.states import State
from apps.jobs.task import JobTask
from tests.jobs import steps
from tests.jobs.bodies import HOUR
from tests.jobs.canvas_steps import marks, run_once, work
from tests.jobs.steps import row_of, state_of
from tests.kinds import canvas as kinds

pytestmark = pytest.mark.usefixtures("in_line")

WAIT_S = 0.5


@shared_task(name="odd.retries", base=JobTask, bind=True, max_retries=5)
def retries(self: "Task[..., Any]", how: str, value: int = 0) -> int:
    """Retry once, in the way one asks for."""
    if self.request.retries:
        return value
    if how == "raise":
        raise Retry(when=datetime.now(UTC) + timedelta(seconds=90))
    ways: dict[str, dict[str, Any]] = {
        "countdown": {"countdown": 90},
        "eta": {"eta": datetime.now(UTC) + timedelta(hours=2)},
        "no time": {},
        "kwargs": {"kwargs": {"value": value + 1}},
        "args": {"args": ("args", 70)},
        "bad args": {"args": (1, 2, 3, 4)},
        "queue": {"queue": "imports", "priority": 3, "countdown": 90},
        "go on": {"countdown": 0, "throw": False},
    }
    self.retry(**ways[how])
    return -1


@shared_task(name="odd.atomic_retry", base=JobTask, bind=True, atomic=True)
def atomic_retry(self: "Task[..., Any]") -> str:
    """Write, then ask for another attempt and go on."""
    kinds.leave_a_mark("atomic")
    if not self.request.retries:
        self.retry(countdown=0, throw=False)
    return "done"


@shared_task(name="odd.for_ever", base=JobTask, bind=True, max_retries=None)
def for_ever(self: "Task[..., Any]") -> int:
    """Retry more often than any policy would."""
    if self.request.retries < 12:
        raise self.retry(countdown=0)
    return int(self.request.retries)


@shared_task(name="odd.fails_for_ever", base=JobTask, bind=True, max_retries=None)
def fails_for_ever(self: "Task[..., Any]", most: int | None = None) -> None:
    """Retry without an end."""
    raise self.retry(countdown=0, max_retries=most)


@shared_task(name="odd.never_again", base=JobTask, bind=True, max_retries=0)
def never_again(self: "Task[..., Any]") -> None:
    """Ask for what is not allowed."""
    raise self.retry(countdown=0)


@shared_task(name="odd.with_context", base=JobTask, retry_policy=RetryPolicy(max_attempts=1))
def with_context(ctx: Context, value: int) -> str:
    """Take a context, declared Celery's way."""
    return f"{ctx.attempt} {value}"


@job("odd.bound", bind=True)
def bound(self: JobTask[..., Any], value: int) -> list[object]:
    """Retry once through the task that one is given."""
    if not self.request.retries:
        raise self.retry(countdown=0)
    return [self.name, self.request.retries, value]


def _named_shop(stored: dict[str, object]) -> dict[str, object]:
    return {"shop": stored["store"]}


@job("odd.moves", bind=True, concurrency=1, limit_by="shop", version=2, upcast={1: _named_shop})
def moves(self: JobTask[..., Any], shop: str) -> str:
    """Go on in another shop."""
    if not self.request.retries:
        raise self.retry(args=("b",), countdown=90)
    return shop


class AClass(JobTask[[int], int]):
    """A task that is a class, as in older code."""

    name = "odd.a_class"

    def run(self, value: int) -> int:
        """Double."""
        return value * 2


def asleep_for(job_id: str) -> timedelta:
    row = row_of(UUID(job_id))
    return timedelta(0) if row["run_after"] is None else row["run_after"] - datetime.now(UTC)


class TestRetry:
    @pytest.mark.parametrize(
        ("how", "least", "most"),
        [("countdown", 80, 91), ("eta", 7000, 7201), ("raise", 80, 91), ("no time", 3, 7)],
    )
    def test_it_sleeps_until_then(self, how: str, least: int, most: int) -> None:
        handle = retries.delay(how)
        assert run_once() == {"retrying": 1}
        assert (handle.state, row_of(UUID(handle.id))["failures"]) == ("RETRY", 1)
        assert timedelta(seconds=least) < asleep_for(handle.id) < timedelta(seconds=most)
        work()
        assert handle.get(WAIT_S) == 0

    @pytest.mark.parametrize(("how", "value"), [("kwargs", 6), ("args", 70)])
    def test_changed_arguments_are_those_of_the_next_attempt(self, how: str, value: int) -> None:
        handle = retries.delay(how, 5)
        work()
        assert handle.get(WAIT_S) == value

    def test_changed_arguments_are_of_this_release_and_count_against_their_own_limit(self) -> None:
        handle = moves.delay("a")
        Job.objects.filter(id=handle.id).update(schema_version=1, args={"store": "a"})
        run_once()
        row = row_of(UUID(handle.id))
        assert (row["limit_key"], row["lane"], row["schema_version"]) == ("odd.moves:b", "/odd.moves:b", 2)
        work()
        assert handle.get(WAIT_S) == "b"

    def test_arguments_that_do_not_fit_fail_the_attempt_where_it_asked(self) -> None:
        retries.delay("bad args")
        run_once()
        assert "too many positional arguments" in Attempt.objects.get().message

    def test_the_queue_and_the_priority_may_change(self) -> None:
        handle = retries.delay("queue")
        before = row_of(UUID(handle.id))
        run_once()
        row = row_of(UUID(handle.id))
        assert (row["queue"], row["priority"]) == ("imports", 3)
        assert row["rank"] - before["rank"] == timedelta(minutes=30)

    def test_without_throw_the_body_goes_on_and_its_result_is_dropped(self) -> None:
        handle = retries.delay("go on", 4)
        assert run_once() == {"retrying": 1}
        work()
        assert handle.get(WAIT_S) == 4

    def test_an_atomic_body_that_wants_another_attempt_has_done_nothing(self, marks_table: None) -> None:
        handle = atomic_retry.delay()
        work()
        assert (handle.get(WAIT_S), marks("atomic")) == ("done", 1)

    def test_the_last_error_is_the_job_s_own(self) -> None:
        handle = kinds.flaky.delay(1, fails=9)
        assert work() == {"retrying": 3, "dead": 1}
        with pytest.raises(RuntimeError, match="not yet"):
            handle.get(WAIT_S)

    def test_without_an_error_it_says_that_there_were_too_many(self) -> None:
        handle = never_again.delay()
        assert work() == {"dead": 1}
        with pytest.raises(MaxRetriesExceededError, match="was retried 0 times"):
            handle.get(WAIT_S)

    def test_max_retries_none_is_for_ever(self) -> None:
        handle = for_ever.delay()
        work()
        assert handle.get(WAIT_S) == 12

    def test_job_is_retried_beyond_the_largest_smallint(self) -> None:
        handle = fails_for_ever.delay()
        Job.objects.update(failures=31_998, attempt=31_999)
        for _ in range(4):
            assert run_once() == {"retrying": 1}
            steps.released(UUID(handle.id))
        row = row_of(UUID(handle.id))
        assert (row["failures"], row["attempt"] - row["failures"]) == (32_000, 1)
        assert handle.state == "PENDING"

    def test_max_retries_that_cannot_be_counted_are_refused_where_they_are_written(self) -> None:
        with pytest.raises(ValueError, match="max_retries must be below 32000, not 40000"):
            type("Often", (AClass,), {"name": "odd.often", "max_retries": 40_000}).bind(current_app)  # type: ignore[attr-defined]
        handle = fails_for_ever.delay(most=40_000)
        run_once()
        assert "max_retries must be below 32000" in Attempt.objects.get(job_id=handle.id).message

    def test_autoretry_for_works_unchanged(self) -> None:
        handle = kinds.auto.delay("k")
        assert work() == {"retrying": 2, "dead": 1}
        with pytest.raises(KeyError, match="k"):
            handle.get(WAIT_S)
        assert "KeyError" in str(handle.traceback)

    def test_the_story_of_each_attempt_tells_the_error_behind_the_retry(self) -> None:
        kinds.flaky.delay(1)
        work()
        assert {(story.error_type, story.message) for story in Attempt.objects.all()} == {
            ("RuntimeError", "not yet")
        }

    def test_a_job_that_a_person_asked_to_stop_is_not_tried_again(self) -> None:
        handle = retries.delay("countdown")
        Job.objects.update(cancel_requested_at=datetime.now(UTC))
        work()
        assert state_of(UUID(handle.id)) == State.CANCELLED


class TestOtherWords:
    def test_ignore_ends_a_job_as_cancelled(self) -> None:
        handle = kinds.ends.delay("ignore")
        assert work() == {"cancelled": 1}
        assert state_of(UUID(handle.id)) == State.CANCELLED

    def test_reject_ends_a_job_as_a_dead_letter(self) -> None:
        kinds.ends.delay("reject")
        assert work() == {"dead": 1}
        assert DeadLetter.objects.get().message == "It rejected itself: no good"

    def test_reject_with_requeue_puts_a_job_back_in_line(self, marks_table: None) -> None:
        kinds.ends.delay("requeue")
        assert work() == {"snoozed": 1, "succeeded": 1}


class TestDeclaredCelerysWay:
    def test_the_request_is_the_job_s_own_also_in_a_bundle(self) -> None:
        handles = [kinds.asks.delay(n) for n in range(5)]
        work()
        assert [handle.get(WAIT_S) for handle in handles] == [
            [handle.id, 0, {"value": n}, None, n + 1] for n, handle in enumerate(handles)
        ]

    def test_job_may_bind_its_task(self) -> None:
        handle = bound.delay(3)
        work()
        assert handle.get(WAIT_S) == ["odd.bound", 1, 3]

    def test_a_shared_task_with_our_base_checks_its_arguments(self) -> None:
        with pytest.raises(TypeError, match=r"canvas\.asks"):
            kinds.asks.delay("x", "y")
        assert not Job.objects.exists()

    def test_it_may_take_a_context(self) -> None:
        handle = with_context.delay(5)
        work()
        assert handle.get(WAIT_S) == "1 5"

    def test_a_class_works_too(self) -> None:
        task = current_app.register_task(AClass())
        handle = task.delay(4)
        work()
        assert AsyncResult(handle.id).get(WAIT_S) == 8

    def test_a_direct_call_is_a_plain_call(self) -> None:
        assert kinds.plus(1, 2) == 3
        assert kinds.plus.s(1, 2)() == 3
        assert not Job.objects.exists()

    def test_apply_runs_in_place_without_a_row(self) -> None:
        assert kinds.plus.apply((1, 2)).get() == 3
        assert not Job.objects.exists()

    def test_a_call_may_have_a_limit_of_its_own(self) -> None:
        kinds.sleeps.apply_async((30,), soft_time_limit=0.05, time_limit=1)
        run_once()
        assert Attempt.objects.get().error_type == "TimedOut"
        assert kinds.sleeps.timeout >= HOUR
