"""The ledger's statements, one a file; the file's name is the verb."""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import Cursor
from psycopg.sql import Identifier

from apps.jobs.sessions import apart, watch
from apps.lib import settings_in_force
from apps.lib.asynchronous_commit import is_own_transaction, variants

if TYPE_CHECKING:
    from django.db.backends.utils import CursorWrapper

    How = Callable[[BaseDatabaseWrapper, str, Mapping[str, Any]], list[tuple[Any, ...]]]


def run(
    name: str, params: Mapping[str, Any]
) -> list[tuple[Any, ...]]:  # what a row holds differs by statement
    """Execute ``sql/<name>.sql`` and return its rows; JSON comes as text, as Django's connection has it."""
    return _ask(_rows, name, params)


def run_planned(name: str, params: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Execute ``sql/<name>.sql`` as `run` does, but have the session plan it once, where it may.

    For the statements that a small job costs, of which planning is half. Each finds its rows by their whole
    keys, reads tables that stay small, asks a function that uses the index whatever it was planned for, or
    runs in the keeper, which plans by the indexes: no other plan would be better later.
    """
    return _ask(_planned_rows, name, params)


def run_on(table: str, name: str, params: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Execute ``sql/<name>.sql`` with the name of a table where it says ``{table}``."""
    named = text(name).replace("{table}", Identifier(table).as_string())
    database = connections[DEFAULT_DB_ALIAS]
    with database.cursor() as cursor:
        return _executed(database, cursor, (named, named), params)


def array(ids: Iterable[UUID]) -> str:
    """Return ids as PostgreSQL writes an array: for hundreds, a third of the time that a list takes."""
    return "{" + ",".join([job_id.hex for job_id in ids]) + "}"


def text(name: str) -> str:
    """Return ``sql/<name>.sql`` for use in any transaction."""
    return _variants(name)[0]


def _ask(how: "How", name: str, params: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Execute a statement, in another session where a job's body changed this thread's."""
    database = connections[DEFAULT_DB_ALIAS]
    if not watch.changed or database.connection not in watch.changed:
        try:
            return how(database, name, params)
        except DatabaseError as error:
            if not apart.may_try_again(database, error):
                raise
    with apart.unaffected(database) as unaffected:
        return how(unaffected, name, params)


def _rows(database: BaseDatabaseWrapper, name: str, params: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with database.cursor() as cursor:
        return _executed(database, cursor, _variants(name), params)


def _planned_rows(
    database: BaseDatabaseWrapper, name: str, params: Mapping[str, Any]
) -> list[tuple[Any, ...]]:
    database.ensure_connection()
    keeps_plans = cast("CursorWrapper", Cursor(database.connection))  # those that Django makes do not
    with database.make_cursor(keeps_plans) as cursor:
        return _executed(database, cursor, _variants(name), params)


def _executed(
    database: BaseDatabaseWrapper, cursor: "CursorWrapper", texts: tuple[str, str], params: Mapping[str, Any]
) -> list[tuple[Any, ...]]:
    """Execute a statement as its session's transaction allows it, under this thread's settings."""
    shared, own = texts
    settings = settings_in_force.current()
    is_own = (settings is not None or own is not shared) and is_own_transaction(database.connection)
    statement = own if is_own else shared
    if settings is None:
        cursor.execute(statement, params)
        return cursor.fetchall() if cursor.description else []
    with settings.around_statement(database, is_own_transaction=is_own):
        cursor.execute(statement, params)
        return cursor.fetchall() if cursor.description else []


@cache
def _variants(name: str) -> tuple[str, str]:
    texts = variants((Path(__file__).parent / f"{name}.sql").read_text(encoding="utf-8"))
    watch.ours.update(texts)
    return texts
