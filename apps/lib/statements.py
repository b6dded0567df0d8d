"""SQL statements that stand in a folder, one a file; the file's name is the verb."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from django.db import connection


class Statements:
    """The statements of one folder."""

    def __init__(self, package_file: str) -> None:
        folder = Path(package_file).parent
        self.text = cache(lambda name: (folder / f"{name}.sql").read_text(encoding="utf-8"))

    def run(
        self, name: str, params: Mapping[str, Any] | None = None
    ) -> list[tuple[Any, ...]]:  # what a row holds differs by statement
        """Execute ``<name>.sql`` and return its rows."""
        with connection.cursor() as cursor:
            cursor.execute(self.text(name), params or {})
            return cursor.fetchall() if cursor.description else []
