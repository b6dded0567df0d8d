"""The statements of the pages that the ORM cannot say."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from django.db import connection

_HERE = Path(__file__).parent


def run(
    name: str, params: Mapping[str, Any]
) -> list[tuple[Any, ...]]:  # what a row holds differs by statement
    """Run one statement and return its rows."""
    with connection.cursor() as cursor:
        cursor.execute(_text(name), params)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


@cache
def _text(name: str) -> str:
    return (_HERE / f"{name}.sql").read_text(encoding="utf-8")
