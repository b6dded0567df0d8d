"""run: what happens to an attempt when the database goes away or the lease is lost meanwhile."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from celery import chain
from django.db import OperationalError, transaction

from apps.jobs import CancelRequested, Context, Discard, LeaseLost, Snooze, job, transitions
from apps.jobs.models import Attempt, DeadLetter, Job
from apps.jobs.running.run import run
from apps.jobs.states import State
from apps.jobs.task import JobTask
from tests.jobs import steps
from tests.jobs.bodies import raising, run_body
from tests.jobs.canvas_steps import run_once
from tests.jobs.marks import execute, marks, write_a_mark
from tests.jobs.steps import row_of, state_of
from tests.kinds.add import add
from tests.local.waiting import wait_until

pytestmark = pytest.mark.usefixtures("committed")

Body = Callable[..., object]


class TestWhenTheDatabaseGoesAway:
    def test_before_the_body_ended_the_job_runs_again_and_nothing_is_held_against_it(self) -> None:
        def body() -> None:
            steps.end_session(steps.my_session())
            marks()

        word, claim = run_body(body, max_attempts=1)
        row = row_of(claim.id)
        assert (word, row["state"], row["failures"]) == ("snoozed", State.SCHEDULED, 0)

    def test_in_the_middle_of_a_transaction_too(self) -> None:
        def body() -> None:
            with transaction.atomic():
                write_a_mark()
                steps.end_session(steps.my_session())
                marks()

        word, claim = run_body(body, max_attempts=1)
        assert (word, row_of(claim.id)["failures"], marks()) == ("snoozed", 0, 0)

    def test_a_job_that_breaks_its_connection_each_time_is_not_forgiven_for_ever(self) -> None:
        def body() -> None:
            raise OperationalError("server closed the connection unexpectedly")

        claim = steps.running(max_attempts=1, kind="kinds.add")
        Job.objects.filter(id=claim.id).update(attempt=500)
        transitions.snooze(claim, timedelta(seconds=-1), "")
        transitions.release()
        transitions.relay(steps.QUEUE, 1)
        again = steps.claimed(claim.id, steps.a_worker())
        assert run(_job_of(body), again) == "dead"

    def test_between_body_and_record_the_outcome_is_written_through_a_new_session(self) -> None:
        word, claim = run_body(lambda: steps.end_session(steps.my_session()))
        assert (word, state_of(claim.id)) == ("succeeded", State.SUCCEEDED)

    def test_a_failure_is_recorded_through_a_new_session_too(self) -> None:
        def body() -> None:
            steps.end_session(steps.my_session())
            raise ValueError("and a fault of its own")

        word, claim = run_body(body)
        assert (word, row_of(claim.id)["failures"]) == ("retrying", 1)

    def test_an_outcome_waits_for_a_database_that_lets_nobody_in(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        with steps.another_session() as admin, steps.another_session() as door:

            def body() -> str:
                execute("ALTER ROLE CURRENT_USER NOLOGIN")
                session = steps.my_session()
                admin.do(lambda: execute(f"SELECT pg_terminate_backend({session}, 5000)"))
                return "kept"

            def open_the_door() -> None:
                wait_until(lambda: caplog.text.count("the outcome waits for it") >= 2)
                execute("ALTER ROLE CURRENT_USER LOGIN")

            opened = door.start(open_the_door)
            word, claim = run_body(body)
            opened.result(timeout=30)
        assert (word, row_of(claim.id)["result"]) == ("succeeded", "kept")

    def test_a_next_step_that_always_loses_a_connection_of_its_own_ends_the_job(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def no_answer(*_: object, **__: object) -> None:
            raise OperationalError("another database: connection refused")

        monkeypatch.setattr("apps.jobs.running.record._MAX_ANSWERED", 2)
        chain(add.s(1, 2), add.s(3)).delay()
        monkeypatch.setattr(JobTask, "apply_async", no_answer)
        assert run_once() == {"dead": 1}
        assert [row.state for row in Job.objects.all()] == [State.DEAD]
        assert "another database: connection refused" in DeadLetter.objects.get().message


class TestLostLease:
    @pytest.mark.parametrize(
        "end",
        [lambda: "done", raising(ValueError()), raising(Snooze(timedelta(1))), raising(Discard("no")),
         raising(LeaseLost()), raising(CancelRequested())],
        ids=["success", "failure", "snooze", "discard", "lease lost", "cancel"],
    )  # fmt: skip
    def test_nothing_is_recorded_once_the_lease_was_lost(self, end: Body) -> None:
        def body() -> object:
            [row] = Job.objects.all()
            assert transitions.rescue([row.worker_id or 0], max_deaths=3) == [row.id]
            return end()

        word, claim = run_body(body, max_attempts=1)
        row = row_of(claim.id)
        assert (word, row["state"], row["result"], row["failures"]) == ("lease lost", State.READY, None, 0)
        assert [story.outcome for story in Attempt.objects.all()] == ["lost"]
        assert not DeadLetter.objects.exists()

    def test_a_body_with_a_context_goes_on_where_its_last_attempt_stopped(self) -> None:
        seen: list[object] = []

        def body(ctx: Context, upto: int) -> None:
            seen.append(ctx.cursor)
            with transaction.atomic():
                ctx.checkpoint({"row": upto}, done=upto)
            raise ValueError

        _, claim = run_body(body, upto=7)
        steps.its_time_comes(claim.id)
        transitions.release()
        transitions.relay(steps.QUEUE, 1)
        run(_job_of(body), steps.claimed(claim.id, steps.a_worker()))
        assert seen == [None, {"row": 7}]


def _job_of(body: Body) -> JobTask[..., object]:
    return job(f"odd.{body.__name__}_{id(body)}")(body)
