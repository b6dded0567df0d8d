"""The statements of beat, one a file; the file's name is the verb."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from django.db import connection


def run(name: str, params: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
    """Execute ``sql/<name>.sql`` and return its rows."""
    with connection.cursor() as cursor:
        cursor.execute(_text(name), params or {})
        return cursor.fetchall() if cursor.description else []


@cache
def _text(name: str) -> str:
    return (Path(__file__).parent / f"{name}.sql").read_text(encoding="utf-8")
