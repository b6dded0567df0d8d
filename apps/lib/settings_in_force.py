"""Settings of the database for the statements of one thread.

A session of its own gets them once. Behind a pooler a session belongs to others next, so there they are set
for the transaction of each statement only, at the cost of three more round trips.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper


class Settings:
    """Names and values, and the session that has them."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        self._session: object = None  # the last one that was asked whether it is a pooler's
        self._is_in_session = False

    @contextmanager
    def in_force(self) -> Iterator[None]:
        """Run each statement of this thread under these settings."""
        token = _current.set(self)
        try:
            yield
        finally:
            _current.reset(token)

    @contextmanager
    def around_statement(self, database: BaseDatabaseWrapper, *, is_own_transaction: bool) -> Iterator[None]:
        """Apply the settings to the session, or to the transaction of the next statement."""
        if self._are_in_session(database, may_set=is_own_transaction):
            yield
        elif is_own_transaction:
            with transaction.atomic(using=database.alias):
                self._set_locally(database)
                yield
        else:
            self._set_locally(database)
            yield

    def _are_in_session(self, database: BaseDatabaseWrapper, *, may_set: bool) -> bool:
        """Set them once in a session of this process's own.

        A pooler shows another server process than the one that it told its client of. Inside a transaction a
        rollback would undo them.
        """
        session = database.connection
        if session is self._session:
            return self._is_in_session
        if not may_set:
            return False
        with database.cursor() as cursor:
            own = [session.info.backend_pid]
            cursor.execute(f"SELECT {self._calls(local=False)} WHERE pg_backend_pid() = %s", own)
            self._is_in_session = cursor.fetchone() is not None
        self._session = session
        return self._is_in_session

    def _set_locally(self, database: BaseDatabaseWrapper) -> None:
        with database.cursor() as cursor:
            cursor.execute(f"SELECT {self._calls(local=True)}")

    def _calls(self, *, local: bool) -> str:
        return ", ".join(f"set_config('{name}', '{value}', {local})" for name, value in self._values.items())


_current: ContextVar[Settings | None] = ContextVar("settings", default=None)


def current() -> Settings | None:
    """Return the settings of this thread's statements."""
    return _current.get()
