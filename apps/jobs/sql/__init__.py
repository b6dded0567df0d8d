"""The ledger's statements, one a file; the file's name is the verb."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from django.db import connection


def run(
    name: str, params: Mapping[str, Any]
) -> list[tuple[Any, ...]]:  # what a row holds differs by statement
    """Execute ``sql/<name>.sql`` and return its rows; JSON comes as text, as Django's connection has it."""
    with connection.cursor() as cursor:
        cursor.execute(text(name), params)
        return cursor.fetchall() if cursor.description else []


@cache
def text(name: str) -> str:
    """Return ``sql/<name>.sql``."""
    return (Path(__file__).parent / f"{name}.sql").read_text(encoding="utf-8")
