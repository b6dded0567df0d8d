"""The statements that bring order lines in, one a file; the file's name is the verb."""

from functools import cache
from pathlib import Path
from typing import Any

from django.db.backends.utils import CursorWrapper


def run(cursor: CursorWrapper, *names: str, **params: int) -> list[tuple[Any, ...]]:
    """Execute ``sql/<name>.sql`` for each name in one round trip; return the first row of each that has rows.

    While a thread reads ahead, each answer of the database waits for Python's lock: few answers are quicker.
    """
    cursor.execute(";\n".join(map(text, names)), params or None)
    rows = []
    while True:
        if cursor.description:
            rows.append(cursor.fetchone())
        if not cursor.nextset():
            return rows


@cache
def text(name: str) -> str:
    """Return ``sql/<name>.sql``."""
    return (Path(__file__).parent / f"{name}.sql").read_text(encoding="utf-8")
