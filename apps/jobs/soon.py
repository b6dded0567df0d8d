"""Migrations that take no time but a lock, on a table at which everybody works.

Who waits for such a lock has all others wait behind it. So it is waited for only a moment, and then again.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.postgres.operations import NotInTransactionMixin
from django.db import OperationalError
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations import RunSQL
from django.db.migrations.state import ProjectState
from psycopg import errors

_PATIENCE = "200ms"  # for a lock
_REST_S = 1.0
_TRIES = 300


class RunSoon(NotInTransactionMixin, RunSQL):
    """RunSQL of one statement, which must be safe to run again: what follows it may be cut off."""

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """Run it as soon as nobody is in the way."""
        self._ensure_not_in_transaction(schema_editor)
        super().database_forwards(app_label, schema_editor, from_state, to_state)

    def _run_sql(self, schema_editor: BaseDatabaseSchemaEditor, sqls: str) -> None:
        run_soon(schema_editor, sqls)


def run_soon(schema_editor: BaseDatabaseSchemaEditor, statement: str) -> None:
    """Run what takes no time but a lock: wait for it only a moment each time, since others wait behind us."""
    with _patience(schema_editor):
        for tries_left in reversed(range(_TRIES)):
            try:
                schema_editor.execute(statement)
            except OperationalError as error:
                if not isinstance(error.__cause__, errors.LockNotAvailable) or not tries_left:
                    raise
                time.sleep(_REST_S)
            else:
                break


@contextmanager
def _patience(schema_editor: BaseDatabaseSchemaEditor) -> Iterator[None]:
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        [(before,)] = cursor.fetchall()
    schema_editor.execute(f"SET lock_timeout = '{_PATIENCE}'")
    try:
        yield
    finally:
        schema_editor.execute(f"SET lock_timeout = '{before}'")  # of whoever runs the migration
