"""What a job logs lands in its log, whatever it logs, and never fails the job."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.db import connection, transaction

from apps.jobs import Context, job, transitions
from apps.jobs.models import LogLine
from apps.jobs.running.logs import LONGEST_LINE, MOST_LINES, JobLog, captured
from apps.jobs.running.run import run
from apps.lib.ids import new_id
from tests.jobs import steps
from tests.jobs.bodies import run_body
from tests.jobs.steps import row_of

pytestmark = pytest.mark.usefixtures("committed")

log = logging.getLogger("shop.orders")


def lines() -> list[tuple[str, str]]:
    """Return the levels and messages of all lines."""
    return list(LogLine.objects.values_list("level", "message"))


def test_plain_logging_becomes_lines_of_the_job_s_log_in_order() -> None:
    def body() -> None:
        log.info("first %s", 1)
        log.warning("second")
        log.error("third")

    _, claim = run_body(body)
    assert lines() == [("info", "first 1"), ("warning", "second"), ("error", "third")]
    assert set(LogLine.objects.values_list("job_id", "attempt")) == {(claim.id, 1)}


def test_the_context_s_log_lands_there_too() -> None:
    def body(ctx: Context) -> None:
        ctx.log.info("from the context")

    run_body(body)
    assert ("info", "from the context") in lines()


def test_a_traceback_is_part_of_its_line() -> None:
    def body() -> None:
        try:
            int("x")
        except ValueError:
            log.exception("bad row")

    run_body(body)
    [(level, message)] = lines()
    assert level == "error"
    assert message.startswith("bad row\nTraceback")


def test_debug_lines_and_the_platform_s_own_are_left_out() -> None:
    def body() -> None:
        log.debug("too small")
        logging.getLogger("backline.jobs").warning("about the job")
        logging.getLogger("django.db.backends").warning("a query")
        log.info("kept")

    run_body(body)
    assert lines() == [("info", "kept")]


def test_lines_outside_a_job_land_nowhere() -> None:
    log.error("nobody runs")
    run_body(lambda: None)
    log.error("nobody runs any more")
    assert lines() == []


def test_lines_of_a_failed_attempt_are_kept() -> None:
    def body() -> None:
        log.info("just before")
        raise ValueError

    assert run_body(body)[0] == "retrying"
    assert lines() == [("info", "just before")]


@pytest.mark.parametrize(
    ("message", "kept"),
    [
        ("nul \x00 byte", "nul \\x00 byte"),
        ("half \ud800 pair", "half \\ud800 pair"),
        (b"\xff\xfe".decode("utf-8", "surrogateescape"), "\\udcff\\udcfe"),
        ("ü" * 5000, "ü" * LONGEST_LINE),
        ("<script>\n\t'; DROP TABLE jobs_job", "<script>\\n\\t'; DROP TABLE jobs_job"),
        ("", ""),
    ],
    ids=["nul", "surrogate", "binary", "huge", "hostile", "empty"],
)
def test_any_line_can_be_kept(message: str, kept: str) -> None:
    def body() -> None:
        log.info("%s", message)

    word, _ = run_body(body)
    assert (word, lines()) == ("succeeded", [("info", kept)])


class _Unspeakable:
    def __str__(self) -> str:
        raise RuntimeError("not even this")


@pytest.mark.parametrize(("message", "args"), [("%d", ("x",)), ("%s %s", (1,)), ("%s", (_Unspeakable(),))])
def test_a_line_that_cannot_be_told_does_not_fail_the_job(
    message: str, args: tuple[object, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging, "raiseExceptions", False)  # as in production; pytest's own handler raises

    def body() -> str:
        log.info(message, *args)
        return "done"

    assert run_body(body)[0] == "succeeded"
    assert lines() == []


def test_a_flood_is_cut_off_and_says_so() -> None:
    def body() -> None:
        for number in range(MOST_LINES + 500):
            log.info("line %d", number)

    run_body(body)
    kept = lines()
    assert len(kept) == MOST_LINES
    assert kept[-1] == ("warning", f"The log ends here: more than {MOST_LINES} lines in one attempt.")
    assert kept[-2] == ("info", f"line {MOST_LINES - 2}")


def test_a_flood_stays_cut_off_through_checkpoints() -> None:
    def body(ctx: Context) -> None:
        for number in range(MOST_LINES + 500):
            if number % 700 == 0:
                with transaction.atomic():
                    ctx.checkpoint({"n": number}, done=number)
            log.info("line %d", number)

    run_body(body)
    assert LogLine.objects.count() == MOST_LINES


def test_lines_are_readable_after_a_checkpoint_while_the_job_still_runs() -> None:
    seen: list[list[tuple[str, str]]] = []

    def body(ctx: Context) -> None:
        log.info("before")
        with transaction.atomic():
            ctx.checkpoint({}, done=1)
        with steps.another_session() as reader:
            seen.append(reader.do(lines))

    run_body(body)
    assert seen == [[("info", "before")]]


def test_of_a_job_that_may_kill_its_worker_each_line_is_written_at_once() -> None:
    seen: list[list[tuple[str, str]]] = []

    def body() -> None:
        log.info("before")
        with steps.another_session() as reader:
            seen.append(reader.do(lines))

    task = job("odd.talks_at_once", timeout=steps.HOUR)(body)
    first = steps.running(kind="odd.talks_at_once", args={})
    worker_id = row_of(first.id)["worker_id"]
    transitions.rescue([worker_id], max_deaths=3)
    run(task, steps.claimed(first.id, worker_id))
    run(task, steps.running(worker_id, kind="odd.talks_at_once", args={}))
    assert seen == [[("info", "before")], [("info", "before")]], "the second is the first job's line"


def test_lines_survive_the_rollback_of_what_they_tell() -> None:
    def body() -> None:
        with transaction.atomic():
            log.info("inside")
            transaction.set_rollback(True)

    run_body(body)
    assert lines() == [("info", "inside")]


def test_lines_that_cannot_be_written_are_lost_and_the_job_is_not(caplog: pytest.LogCaptureFixture) -> None:
    def body() -> str:
        log.info("will be lost")
        steps.end_session(steps.my_session())
        return "done"

    assert run_body(body)[0] == "succeeded"
    assert lines() == []
    assert "1 log lines lost" in caplog.text


def _close() -> None:
    assert connection.connection is not None
    connection.connection.close()


@pytest.mark.parametrize("breaking", [_close, connection.close], ids=["under django", "by django"])
def test_a_closed_connection_does_not_fail_the_flush(breaking: Callable[[], None]) -> None:
    def body() -> None:
        log.info("said")
        breaking()

    assert run_body(body)[0] == "succeeded"


def test_a_flush_inside_a_transaction_waits_for_its_end() -> None:
    job_log = JobLog(new_id(), 1)
    job_log.add("info", "said", datetime.now(UTC))
    with transaction.atomic():
        job_log.flush()
        assert lines() == []
    job_log.flush()
    job_log.flush()
    assert lines() == [("info", "said")]


def test_a_job_is_heard_however_quiet_the_process_s_own_log_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that is started without --loglevel has Celery's: warnings."""
    root, console = logging.getLogger(), logging.NullHandler()
    monkeypatch.setattr(root, "handlers", [console])
    before = root.level
    root.setLevel(logging.WARNING)
    try:
        with captured(JobLog(new_id(), 1)) as kept:
            logging.getLogger("shop").info("hello")
            logging.getLogger("shop").debug("not this")
    finally:
        root.setLevel(before)
    assert [line[4] for line in kept.take()] == ["hello"]
    assert console.level == logging.WARNING, "the process's own log is as quiet as before"


@pytest.mark.parametrize("at", range(1960, 2001, 4))
def test_secrets_are_masked_before_a_long_line_is_cut(at: int) -> None:
    job_log = JobLog(new_id(), 1)
    job_log.add("info", f"{'x' * at} ('password', 'hunter2hunter2')", datetime.now(UTC))
    assert "hunt" not in job_log.take()[0][4]
