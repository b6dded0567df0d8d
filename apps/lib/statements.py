"""SQL statements that stand in a folder, one a file; the file's name is the verb."""

from collections.abc import Mapping
from contextlib import nullcontext
from functools import cache
from pathlib import Path
from typing import Any

from django.db import connection

from apps.lib import settings_in_force
from apps.lib.asynchronous_commit import is_own_transaction, variants


class Statements:
    """The statements of one folder."""

    def __init__(self, package_file: str) -> None:
        folder = Path(package_file).parent
        self._variants = cache(lambda name: variants((folder / f"{name}.sql").read_text(encoding="utf-8")))

    def text(self, name: str) -> str:
        """Return ``<name>.sql`` for use in any transaction."""
        return self._variants(name)[0]

    def run(
        self, name: str, params: Mapping[str, Any] | None = None
    ) -> list[tuple[Any, ...]]:  # what a row holds differs by statement
        """Execute ``<name>.sql`` and return its rows."""
        with connection.cursor() as cursor:
            shared, own = self._variants(name)
            settings = settings_in_force.current()
            is_own = (settings is not None or own is not shared) and is_own_transaction(cursor.connection)
            around = settings and settings.around_statement(connection, is_own_transaction=is_own)
            with around or nullcontext():
                cursor.execute(own if is_own else shared, params or {})
                return cursor.fetchall() if cursor.description else []
