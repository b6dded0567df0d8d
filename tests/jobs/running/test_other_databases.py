"""What a body leaves open on any database alias does not reach the next job."""

import copy
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import DatabaseError, OperationalError, connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg.errors import ProgramLimitExceeded

from apps.jobs import job
from apps.jobs.database_away import is_away
from apps.jobs.running.record import Record
from apps.jobs.running.run import run_claims
from apps.jobs.running.trouble import describe
from tests.jobs import steps
from tests.jobs.marks import execute

pytestmark = pytest.mark.usefixtures("watched")
_open: list[transaction.Atomic] = []


@pytest.fixture
def other(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Add a second alias of the same PostgreSQL database, with a table."""
    ensure = BaseDatabaseWrapper.ensure_connection
    closed_over = getattr(ensure, "__closure__", None) or ()
    real = dict(zip(ensure.__code__.co_freevars, closed_over, strict=True)).get("real_ensure_connection")
    if real is not None:  # the guard of pytest-django knows the aliases of the settings only
        monkeypatch.setattr(BaseDatabaseWrapper, "ensure_connection", real.cell_contents)
    connections.databases["other"] = copy.deepcopy(connection.settings_dict)
    execute("CREATE TABLE other_rows (n int)")
    try:
        yield "other"
    finally:
        connections["other"].in_atomic_block = False
        connections["other"].close()
        execute("DROP TABLE other_rows")
        del connections["other"]
        del connections.databases["other"]
        _open.clear()


def _leave_open(how: str, alias: str) -> None:
    if how == "begin":
        with connections[alias].cursor() as cursor:
            cursor.execute("BEGIN")
    elif how == "autocommit":
        connections[alias].set_autocommit(False)
    else:
        _open.append(transaction.atomic(using=alias))
        _open[-1].__enter__()


@pytest.mark.parametrize("atomic", [False, True])
@pytest.mark.parametrize("how", ["begin", "autocommit", "atomic"])
def test_the_next_job_commits_on_the_other_alias(other: str, how: str, atomic: bool) -> None:
    name = f"odd.left_{how}_{atomic}".lower()

    @job(name, atomic=atomic)
    def task(first: bool) -> None:
        if first:
            _leave_open(how, other)
        with connections[other].cursor() as cursor:
            cursor.execute("INSERT INTO other_rows VALUES (%s)", [1 if first else 2])

    worker = steps.a_worker()
    for first in (True, False):
        run_claims(task, [steps.claimed(steps.enqueued(kind=name, args={"first": first}), worker)], Record())
    assert _seen_by_others() == [2]


def _seen_by_others() -> list[int]:
    seen: list[int] = []

    def look() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT n FROM other_rows ORDER BY n")
            seen.extend(n for (n,) in cursor.fetchall())
        connection.close()

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    return seen


def test_the_next_job_commits_in_sqlite(other: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.sqlite3"
    settings = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(path)}
    connections.databases["light"] = {**copy.deepcopy(connection.settings_dict), **settings, "OPTIONS": {}}

    @job("odd.left_in_sqlite")
    def task(first: bool) -> None:
        with connections["light"].cursor() as cursor:
            cursor.execute("CREATE TABLE IF NOT EXISTS light_rows (n int)")
            if first:
                cursor.execute("BEGIN")
            cursor.execute("INSERT INTO light_rows VALUES (%s)", [1 if first else 2])

    worker = steps.a_worker()
    try:
        for first in (True, False):
            claim = steps.claimed(steps.enqueued(kind=task.name, args={"first": first}), worker)
            run_claims(task, [claim], Record())
        with sqlite3.connect(path) as outside:
            assert outside.execute("SELECT n FROM light_rows").fetchall() == [(2,)]
        outside.close()
    finally:
        connections["light"].close()
        del connections["light"]
        del connections.databases["light"]


def test_the_name_of_an_exception_is_bounded() -> None:
    names = ["Fault" + "x" * 7700 + end for end in "ab"]
    told = [describe(type(name, (Exception,), {})("x")) for name in names]
    assert told[0].fingerprint != told[1].fingerprint
    assert max(len(each.fingerprint) for each in told) <= 404
    assert max(len(each.error_type) for each in told) <= 200


def test_a_statement_beyond_a_limit_is_not_a_database_that_is_away() -> None:
    away, limit = OperationalError(), OperationalError()
    limit.__cause__ = ProgramLimitExceeded()
    assert is_away(away)
    assert not is_away(limit)
    assert not is_away(DatabaseError())
