"""What a body leaves in its session, by whatever way, ends with its attempt."""

import asyncio
import os
from collections.abc import Callable

import psycopg
import pytest
from asgiref.sync import sync_to_async
from django.db import connection
from psycopg.rows import dict_row

from apps.jobs import job, transitions
from apps.jobs.running.record import Record
from apps.jobs.running.run import run_claims
from apps.jobs.sessions import watch
from apps.jobs.states import State
from tests.jobs import steps
from tests.jobs.bodies import run_body
from tests.jobs.marks import execute, write_a_mark
from tests.jobs.running.sessions import as_new, connected
from tests.jobs.steps import row_of, state_of
from tests.local.waiting import wait_until

pytestmark = pytest.mark.usefixtures("watched")


def _set(name: str, value: object) -> None:
    execute("SELECT 1")
    setattr(connected(), name, value)


def _close() -> None:
    connection.close()  # the thread's that calls


def test_the_next_job_of_the_same_bundle_gets_another_session() -> None:
    seen: list[str] = []

    @job("odd.settings")
    def task(first: bool) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SHOW statement_timeout")
            seen.append(cursor.fetchone()[0])
            if first:
                cursor.execute("SET statement_timeout = '1234ms'")

    worker = steps.a_worker()
    claims = [
        steps.claimed(steps.enqueued(kind="odd.settings", args={"first": first}), worker)
        for first in (True, False)
    ]
    record = Record()
    for claim in claims:
        run_claims(task, [claim], record)
    assert record.words == {"succeeded": 2}
    assert seen == ["0", "0"]


@pytest.mark.parametrize(
    "change",
    [
        lambda: connection.set_autocommit(False),
        lambda: _set("autocommit", False),
        lambda: _set("row_factory", dict_row),
        lambda: _set("isolation_level", 4),
        lambda: connected().execute("BEGIN; SET statement_timeout = 1"),
    ],
)
def test_what_a_body_sets_in_django_or_psycopg_ends_with_it_too(change: Callable[[], object]) -> None:
    word, claim = run_body(lambda: change() and None)
    assert (word, state_of(claim.id)) == ("succeeded", State.SUCCEEDED)
    assert (connection.get_autocommit(), connection.connection.row_factory) == (True, psycopg.rows.tuple_row)
    assert connection.connection.isolation_level is None


def test_a_body_that_makes_its_session_read_only_fails_by_its_own_fault() -> None:
    def body() -> None:
        execute("SET default_transaction_read_only = on")
        write_a_mark()

    word, claim = run_body(body)
    assert (word, row_of(claim.id)["failures"]) == ("retrying", 1)


def test_a_statement_that_is_cut_short_is_recorded() -> None:
    def body() -> None:
        execute("SET statement_timeout = 1")
        execute("SELECT pg_sleep(60)")

    word, claim = run_body(body, max_attempts=1)
    assert (word, state_of(claim.id)) == ("dead", State.DEAD)
    as_new()


def test_another_thread_of_the_body_leaves_nothing_behind_either() -> None:
    seen: list[object] = []

    def change() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SHOW statement_timeout")
            seen.append(cursor.fetchone())
            cursor.execute("SET statement_timeout = '1234ms'")

    def body() -> None:
        asyncio.run(sync_to_async(change)())

    assert [run_body(body)[0] for _ in range(2)] == ["succeeded", "succeeded"]
    assert seen == [("0",), ("0",)]
    asyncio.run(sync_to_async(_close)())


def test_ledger_statements_in_another_thread_of_a_changed_session_do_not_spoil_the_outcome() -> None:
    def change_and_enqueue() -> None:
        execute("SET statement_timeout = '5s'")
        steps.in_line()  # over a session beside it, which that thread made

    def body() -> None:
        asyncio.run(sync_to_async(change_and_enqueue, thread_sensitive=False)())

    word, claim = run_body(body)
    assert (word, state_of(claim.id)) == ("succeeded", State.SUCCEEDED)


@pytest.mark.parametrize("change", ["SET statement_timeout = 1", "SELECT odd_search_path()"])
def test_what_a_plain_task_leaves_behind_ends_before_the_next_message(change: str) -> None:
    execute(change)
    watch.drop_changed_by_tasks()
    as_new()


def test_a_process_that_was_forked_leaves_its_parent_s_sessions_alone() -> None:
    execute("SET statement_timeout = '1h'")
    before = steps.my_session()
    pid = os.fork()
    if pid == 0:
        watch.drop_changed_by_tasks()
        os._exit(bool(watch.changed))
    assert os.waitpid(pid, 0)[1] == 0
    assert steps.my_session() == before
    connection.close()
    watch.drop_changed_by_tasks()


def test_beside_a_changed_session_another_thread_s_statement_is_tried_again_too() -> None:
    execute("SET statement_timeout = '1h'")
    with steps.another_session() as other:
        other.do(lambda: psycopg.Cursor(connected()).execute("SET search_path TO pg_catalog"))
        assert other.do(lambda: transitions.expire(since=steps.HOUR)) == 0
        other.do(as_new)
    watch.drop_changed_by_tasks()


@pytest.mark.parametrize("limit", ["SET lock_timeout = '50ms'", "SET statement_timeout = '50ms'"])
def test_an_outcome_that_a_left_limit_cuts_short_is_written_over_another_session(limit: str) -> None:
    with steps.another_session() as holder:

        def body() -> None:
            psycopg.Cursor(connected()).execute(limit)  # not seen
            session = steps.my_session()
            holder.do(lambda: execute("BEGIN; SELECT FROM jobs_job FOR UPDATE"))
            holder.start(lambda: _release_when_another_waits(session))

        word, claim = run_body(body)
    assert (word, state_of(claim.id)) == ("succeeded", State.SUCCEEDED)
    as_new()


def _release_when_another_waits(cut_short: int) -> None:
    # not pg_stat_activity, which stays as it was at first for the rest of a transaction
    waiting = (
        "SELECT 1 FROM pg_locks WHERE pid <> %s AND NOT granted "
        "AND pg_backend_pid() = ANY (pg_blocking_pids(pid))"
    )

    def another_waits() -> bool:
        with connection.cursor() as cursor:
            cursor.execute(waiting, [cut_short])
            return bool(cursor.fetchall())

    try:
        wait_until(another_waits)
    finally:
        execute("ROLLBACK")
