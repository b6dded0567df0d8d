"""The statements of the pages that the ORM cannot say."""

from functools import cache
from pathlib import Path

from django.db import connection

_HERE = Path(__file__).parent


def run(name: str, params: dict[str, object]) -> list[tuple]:  # type: ignore[type-arg]  # what the statement returns
    """Run one statement and return its rows."""
    with connection.cursor() as cursor:
        cursor.execute(_text(name), params)
        return cursor.fetchall()


@cache
def _text(name: str) -> str:
    return (_HERE / f"{name}.sql").read_text(encoding="utf-8")
