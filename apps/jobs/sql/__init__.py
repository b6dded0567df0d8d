"""The ledger's statements, one a file; the file's name is the verb."""

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from django.db import connection
from psycopg import Cursor
from psycopg.sql import Identifier

if TYPE_CHECKING:
    from django.db.backends.utils import CursorWrapper


def run(
    name: str, params: Mapping[str, Any]
) -> list[tuple[Any, ...]]:  # what a row holds differs by statement
    """Execute ``sql/<name>.sql`` and return its rows; JSON comes as text, as Django's connection has it."""
    with connection.cursor() as cursor:
        cursor.execute(text(name), params)
        return cursor.fetchall() if cursor.description else []


def run_planned(name: str, params: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Execute ``sql/<name>.sql`` as `run` does, but have the session plan it once, where it may.

    For the statements that a small job costs, of which planning is half. Each finds its rows by their whole
    keys, reads tables that stay small, asks a function that uses the index whatever it was planned for, or
    runs in the leader's session, which plans by the indexes: no other plan would be better later.
    """
    connection.ensure_connection()
    keeps_plans = cast("CursorWrapper", Cursor(connection.connection))  # those that Django makes do not
    with connection.make_cursor(keeps_plans) as cursor:
        cursor.execute(text(name), params)
        return cursor.fetchall() if cursor.description else []


def run_on(table: str, name: str, params: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Execute ``sql/<name>.sql`` with the name of a table where it says ``{table}``."""
    named = text(name).replace("{table}", Identifier(table).as_string())
    with connection.cursor() as cursor:
        cursor.execute(named, params)
        return cursor.fetchall() if cursor.description else []


def array(ids: Iterable[UUID]) -> str:
    """Return ids as PostgreSQL writes an array: for hundreds, a third of the time that a list takes."""
    return "{" + ",".join([job_id.hex for job_id in ids]) + "}"


@cache
def text(name: str) -> str:
    """Return ``sql/<name>.sql``."""
    return (Path(__file__).parent / f"{name}.sql").read_text(encoding="utf-8")
