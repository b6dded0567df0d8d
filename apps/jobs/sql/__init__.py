"""The ledger's statements, one a file; the file's name is the verb."""

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import connection


def run(
    name: str, params: Mapping[str, Any]
) -> list[tuple[Any, ...]]:  # what a row holds differs by statement
    """Execute ``sql/<name>.sql`` and return its rows; JSON comes as text, as Django's connection has it."""
    with connection.cursor() as cursor:
        cursor.execute(text(name), params)
        return cursor.fetchall() if cursor.description else []


def array(ids: Iterable[UUID]) -> str:
    """Return ids as PostgreSQL writes an array: for hundreds, a third of the time that a list takes."""
    return "{" + ",".join([job_id.hex for job_id in ids]) + "}"


@cache
def text(name: str) -> str:
    """Return ``sql/<name>.sql``."""
    return (Path(__file__).parent / f"{name}.sql").read_text(encoding="utf-8")
