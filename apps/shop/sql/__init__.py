"""The shop's statements about what was sold, one a file; the file's name is the verb."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from django.db import connection


def run(
    name: str, params: Mapping[str, Any]
) -> list[tuple[Any, ...]]:  # what a row holds differs by statement
    """Execute ``sql/<name>.sql`` and return its rows."""
    with connection.cursor() as cursor:
        cursor.execute(text(name), params)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


@cache
def text(name: str) -> str:
    """Return ``sql/<name>.sql``."""
    return (Path(__file__).parent / f"{name}.sql").read_text(encoding="utf-8")
