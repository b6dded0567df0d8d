"""A thread of a body that changes its database session and then ends leaves no session open."""

import asyncio
import contextvars
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from django.db import connection, transaction

from apps.jobs import job
from apps.jobs.running.record import Record
from apps.jobs.running.run import run_claims
from apps.jobs.sessions import watch
from tests.jobs import steps
from tests.jobs.bodies import run_body
from tests.jobs.marks import execute
from tests.local.waiting import wait_until

pytestmark = pytest.mark.usefixtures("watched")
_JOBS = 5
_QUERIES = ["SET statement_timeout = '5s'", "SELECT pg_advisory_lock_shared(77)"]
_open: list[transaction.Atomic] = []


def _in_thread(work: Callable[[], object]) -> None:
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def _in_thread_of_the_context(work: Callable[[], object]) -> None:
    _in_thread(partial(contextvars.copy_context().run, work))


def _in_executor_of_a_loop(work: Callable[[], object]) -> None:
    async def body() -> None:
        await asyncio.get_running_loop().run_in_executor(None, work)

    asyncio.run(body())


def _in_short_pool(work: Callable[[], object]) -> None:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(work).result()


@pytest.mark.parametrize("query", _QUERIES)
@pytest.mark.parametrize(
    "run", [_in_thread, _in_thread_of_the_context, _in_executor_of_a_loop, _in_short_pool]
)
def test_the_sessions_of_ended_threads_are_closed(run: Callable[..., None], query: str) -> None:
    before = _sessions()
    for _ in range(_JOBS):
        assert run_body(lambda: run(lambda: execute(query)))[0] == "succeeded"
    assert not watch.changed
    wait_until(lambda: _sessions() <= before)


def test_an_async_body_s_executor_leaves_no_session() -> None:
    @job("odd.executor")
    async def task() -> None:
        await asyncio.get_running_loop().run_in_executor(None, lambda: execute(_QUERIES[0]))

    before, worker = _sessions(), steps.a_worker()
    for _ in range(_JOBS):
        claim = steps.claimed(steps.enqueued(kind=task.name, args={}), worker)
        record = Record()
        run_claims(task, [claim], record)
        assert record.words == {"succeeded": 1}
    wait_until(lambda: run_body(lambda: None) and not watch.changed)  # its loop does not wait for the thread
    wait_until(lambda: _sessions() <= before)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """Give a pool whose two threads outlive the jobs."""
    with ThreadPoolExecutor(2) as pool:
        yield pool
    watch.drop_changed()


@pytest.mark.parametrize("query", _QUERIES)
def test_a_pool_that_outlives_the_jobs_keeps_one_session_a_thread(
    pool: ThreadPoolExecutor, query: str
) -> None:
    before = _sessions()
    for _ in range(_JOBS):
        run_body(lambda: list(pool.map(lambda _: execute(query), range(4))))
    assert len(watch.changed) <= 2
    wait_until(lambda: _sessions() <= before + 2)
    pool.shutdown()
    run_body(lambda: None)
    assert not watch.changed
    wait_until(lambda: _sessions() <= before)


def test_a_thread_that_lives_keeps_its_session() -> None:
    with steps.another_session() as other:
        session = other.do(steps.my_session)
        other.do(lambda: execute("SET statement_timeout = '1h'"))
        run_body(lambda: _in_thread(lambda: execute("SET statement_timeout = '1h'")))
        assert len(watch.changed) == 1
        assert other.do(steps.my_session) == session
    watch.drop_changed()


def _begin() -> None:
    _open.append(transaction.atomic())
    _open[-1].__enter__()


@pytest.mark.parametrize(
    "first",
    [lambda: execute("BEGIN"), _begin, lambda: connection.set_autocommit(False), lambda: None],
)
def test_what_an_ended_thread_left_open_is_closed(first: Callable[[], None]) -> None:
    def leave() -> None:
        first()
        execute(_QUERIES[0])
        steps.in_line()  # outside a transaction over another session, beside this one

    before = _sessions()
    for _ in range(_JOBS):
        run_body(lambda: _in_thread(leave))
    _open.clear()
    assert not watch.changed
    wait_until(lambda: _sessions() <= before)


def _sessions() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE datname = current_database() AND backend_type = 'client backend'"
        )
        [count] = cursor.fetchone()
    return int(count)
