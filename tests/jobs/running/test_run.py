"""Whatever a body does, its job leaves `running` with a story, or somebody else holds its lease."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import cast

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.db import connection, transaction

from apps.jobs import CancelRequested, Discard, Snooze, registry
from apps.jobs.models import Attempt, DeadLetter, Job
from apps.jobs.running.run import run
from apps.jobs.states import State
from tests.jobs import steps
from tests.jobs.bodies import raising, run_body
from tests.jobs.marks import marks, write_a_mark
from tests.jobs.steps import row_of, state_of

pytestmark = pytest.mark.usefixtures("committed")

Body = Callable[..., object]


class TestHowItEnds:
    def test_a_job_that_succeeds_keeps_its_result(self) -> None:
        word, claim = run_body(lambda a, b: {"sum": a + b}, a=1, b=2)
        assert word == "succeeded"
        assert (row_of(claim.id)["state"], row_of(claim.id)["result"]) == (State.SUCCEEDED, {"sum": 3})
        assert not Attempt.objects.exists()

    def test_a_real_job_type_runs(self) -> None:
        claim = steps.running(args={"a": 40, "b": 2})
        assert run(registry.get("kinds.add"), claim) == "succeeded"
        assert row_of(claim.id)["result"] == 42

    def test_a_failure_with_attempts_left_is_tried_again_later(self) -> None:
        word, claim = run_body(raising(ValueError("row 7")))
        row, story = row_of(claim.id), Attempt.objects.get()
        assert (word, row["state"], row["failures"]) == ("retrying", State.RETRYING, 1)
        assert row["run_after"] > row["started_at"]
        assert (story.outcome, story.error_type, story.message) == ("failed", "ValueError", "row 7")
        assert "in body" in story.traceback

    def test_the_last_failure_buries_it_with_its_evidence(self) -> None:
        word, claim = run_body(raising(ValueError("row 7")), max_attempts=1)
        letter = DeadLetter.objects.get(job_id=claim.id)
        assert (word, state_of(claim.id)) == ("dead", State.DEAD)
        assert letter.message == "row 7"
        assert letter.evidence["error_type"] == "ValueError"
        assert "in body" in letter.evidence["traceback"]
        assert (
            letter.fingerprint == row_of(claim.id)["fingerprint"] == "ValueError in tests/jobs/bodies.py:body"
        )

    def test_a_discard_buries_it_at_once(self) -> None:
        word, claim = run_body(raising(Discard("There is no row 7.")))
        assert (word, state_of(claim.id)) == ("dead", State.DEAD)
        assert DeadLetter.objects.get().message == "There is no row 7."

    def test_a_snooze_lets_it_sleep_and_counts_nothing(self) -> None:
        word, claim = run_body(raising(Snooze(timedelta(hours=2), "closed")), max_attempts=1)
        row = row_of(claim.id)
        assert (word, row["state"], row["failures"]) == ("snoozed", State.SCHEDULED, 0)
        assert timedelta(hours=1) < row["run_after"] - row["started_at"] < timedelta(hours=3)

    def test_a_cancel_that_the_body_saw_ends_it_as_cancelled(self) -> None:
        word, claim = run_body(raising(CancelRequested()))
        assert (word, state_of(claim.id)) == ("cancelled", State.CANCELLED)

    @pytest.mark.parametrize(
        "error", [SystemExit(1), SystemExit(0), SystemExit(), KeyboardInterrupt()], ids=repr
    )
    def test_a_body_that_tries_to_end_the_process_has_only_failed(self, error: BaseException) -> None:
        word, claim = run_body(raising(error))
        assert (word, state_of(claim.id)) == ("retrying", State.RETRYING)
        assert Attempt.objects.get().error_type == type(error).__name__

    def test_a_body_that_takes_too_long_has_failed(self) -> None:
        word, claim = run_body(lambda: time.sleep(30), timeout=timedelta(milliseconds=50))
        assert (word, state_of(claim.id)) == ("retrying", State.RETRYING)
        assert Attempt.objects.get().error_type == "TimedOut"

    def test_it_may_clean_up_by_the_name_that_celery_gives_its_limit(self) -> None:
        heard: list[str] = []

        def body() -> None:
            try:
                time.sleep(30)
            except SoftTimeLimitExceeded as limit:
                heard.append(str(limit))

        assert run_body(body, timeout=timedelta(milliseconds=50))[0] == "succeeded"
        assert heard == ["It ran longer than its limit of 0:00:00.050000."]

    def test_a_body_that_takes_too_long_inside_the_database_has_failed(self) -> None:
        sessions: list[int] = []

        def body() -> None:
            with transaction.atomic(), connection.cursor() as cursor:
                sessions.append(steps.my_session())
                cursor.execute("SELECT pg_sleep(30)")

        word, claim = run_body(body, timeout=timedelta(seconds=1))
        assert (word, state_of(claim.id)) == ("retrying", State.RETRYING)
        assert Attempt.objects.get().error_type == "TimedOut"
        steps.end_session(sessions[0])  # the server goes on with a query whose client hung up

    def test_arguments_that_no_longer_fit_are_a_dead_letter_at_once(self) -> None:
        word, _ = run_body(lambda a: a, b=1)
        assert word == "dead"
        assert "This release cannot read its arguments" in DeadLetter.objects.get().message


class TestResults:
    @pytest.mark.parametrize(
        "result",
        [object(), {1, 2}, float("nan"), "x" * 70_000, "nul \x00", ["half \ud800"], b"bytes"],
        ids=lambda result: repr(result)[:20],
    )
    def test_a_result_that_cannot_be_kept_buries_the_job_with_the_reason(self, result: object) -> None:
        word, claim = run_body(lambda: result)
        assert (word, state_of(claim.id)) == ("dead", State.DEAD)
        assert "Return plain values or nothing" in DeadLetter.objects.get().message

    def test_a_result_nested_without_end_buries_the_job(self) -> None:
        result: list[object] = []
        result.append(result)
        assert run_body(lambda: result)[0] == "dead"

    @pytest.mark.parametrize("result", [None, 0, "", [], {}, "ü" * 1000])
    def test_any_plain_value_is_kept(self, result: object) -> None:
        _, claim = run_body(lambda: result)
        kept = Job.objects.get(id=claim.id).result
        assert kept == result

    def test_a_wish_to_sleep_is_granted_whatever_its_reason_holds(self) -> None:
        word, claim = run_body(raising(Snooze(timedelta(1), "nul \x00 half \ud800")))
        assert (word, state_of(claim.id)) == ("snoozed", State.SCHEDULED)
        assert Attempt.objects.get().message == "nul ? half ?"

    @pytest.mark.parametrize(
        "wish",
        [
            Snooze(timedelta.max),
            Snooze(cast("timedelta", "soon")),  # as code without a checker might
            Discard("nul \x00 half \ud800"),
        ],
        ids=["for ever", "no time", "discard"],
    )
    def test_an_outcome_that_cannot_be_written_buries_the_job(self, wish: Exception) -> None:
        word, claim = run_body(raising(wish))
        assert (word, state_of(claim.id)) == ("dead", State.DEAD)
        assert DeadLetter.objects.filter(job_id=claim.id).exists()


class TestWhatABodyLeavesBehind:
    def test_a_transaction_that_was_left_open_is_undone(self) -> None:
        def body() -> None:
            with connection.cursor() as cursor:
                cursor.execute("BEGIN")
            write_a_mark()

        word, claim = run_body(body)
        assert (word, state_of(claim.id), marks()) == ("succeeded", State.SUCCEEDED, 0)

    def test_autocommit_that_was_switched_off_is_on_again(self) -> None:
        def body() -> None:
            transaction.set_autocommit(False)
            write_a_mark()

        word, claim = run_body(body)
        assert (word, marks(), transaction.get_autocommit()) == ("succeeded", 0, True)
        with steps.another_session() as other:
            assert other.do(lambda: state_of(claim.id)) == State.SUCCEEDED

    def test_an_atomic_block_that_was_never_left_is_undone(self) -> None:
        def body() -> None:
            transaction.atomic().__enter__()
            write_a_mark()

        word, claim = run_body(body)
        with steps.another_session() as other:
            assert other.do(lambda: state_of(claim.id)) == State.SUCCEEDED
        assert (word, marks(), connection.in_atomic_block) == ("succeeded", 0, False)

    def test_what_a_body_committed_stays_though_it_fails_later(self) -> None:
        def body() -> None:
            write_a_mark()
            raise ValueError

        assert run_body(body)[0] == "retrying"
        assert marks() == 1

    def test_a_connection_that_was_closed_is_opened_again(self) -> None:
        assert run_body(connection.close)[0] == "succeeded"

    def test_a_connection_that_was_closed_under_django_is_opened_again(self) -> None:
        def body() -> None:
            assert connection.connection is not None
            connection.connection.close()

        word, claim = run_body(body)
        assert (word, state_of(claim.id)) == ("succeeded", State.SUCCEEDED)

    def test_a_database_error_is_a_failure_like_any_other(self) -> None:
        def body() -> None:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1/0")

        word, claim = run_body(body)
        assert (word, row_of(claim.id)["failures"]) == ("retrying", 1)

    def test_a_query_that_was_cancelled_is_a_failure_too(self) -> None:
        def body() -> None:
            with connection.cursor() as cursor:
                cursor.execute("SET statement_timeout = 20")
                cursor.execute("BEGIN")
                cursor.execute("SELECT pg_sleep(30)")

        word, claim = run_body(body)
        assert (word, row_of(claim.id)["failures"]) == ("retrying", 1)
