"""Note which sessions of a worker's processes a body changed, and drop those after its attempt.

A session's cursors report what is executed, also past Django; libpq reports some settings whoever changed
them. A setting that a function in the database changed, and that libpq does not report, is not seen.
"""

import os
import threading
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import Connection, Cursor
from psycopg.sql import Composable

from apps.jobs.sessions.statement import Change, change_of

_REPORTED = [
    name.encode()
    for name in (
        "search_path", "is_superuser", "session_authorization", "default_transaction_read_only", "TimeZone",
        "client_encoding", "DateStyle", "IntervalStyle", "standard_conforming_strings", "application_name",
    )
]  # fmt: skip

ours: set[str] = set()  # texts of the ledger, which leave nothing behind
changed: "dict[Connection[Any], Session]" = {}
_used: "dict[Connection[Any], Session]" = {}  # by attempts that have not ended
_attempt: Callable[[], object] = lambda: None  # noqa: E731  # replaced by `start`


@dataclass(slots=True, eq=False)
class Session:
    """One watched session: as it began, and what changed it."""

    database: BaseDatabaseWrapper
    thread: weakref.ref[threading.Thread]  # its number would be given to another after its end
    began: tuple[object, ...] = ()
    process: int = 0
    attempt: object = None  # the last that used it
    is_used: bool = False  # outside attempts, as by a plain Celery task
    change: Change = Change.NONE
    own: BaseDatabaseWrapper | None = None  # a session beside it, for ledger statements

    def note(self, query: object) -> None:
        """Note a statement before it is executed."""
        text = _text_of(query)
        if text in ours:
            return
        session = self.database.connection
        self.attempt = _attempt()
        if self.attempt is None:
            self.is_used = True
        else:
            _used[session] = self
        if change := change_of(text):
            self.mark(session, change)

    def mark(self, session: "Connection[Any]", change: Change) -> None:
        """Count the session as changed."""
        self.change = max(self.change, change)
        changed[session] = self


def start(*, attempt: Callable[[], object]) -> Callable[..., None]:
    """Return a receiver of connection_created that watches each new session; ``attempt`` names what runs."""
    global _attempt  # noqa: PLW0603  # one for all threads
    _attempt = attempt
    return _watch


def watched(database: BaseDatabaseWrapper) -> Session | None:
    """Return a session that is watched, changed or not."""
    return getattr(getattr(database.connection, "cursor_factory", None), "session", None)


def has_changed(database: BaseDatabaseWrapper) -> bool:
    """Return whether a statement changed this session for longer than its transaction."""
    known = changed.get(database.connection)
    return known is not None and known.change is Change.SESSION


def is_in_attempt() -> bool:
    """Return whether a body runs in this thread, which may still need its session."""
    return _attempt() is not None


def drop_changed(attempt: object = None) -> None:
    """Drop the sessions that this thread, an attempt's other threads, or threads that have ended changed."""
    if not _used and not changed:
        return
    me = threading.current_thread()
    for session, known in (_used | changed).items():
        thread = known.thread()
        if thread is me or (attempt is not None and known.attempt == attempt):
            _look_at(session, known)
        elif thread is None or not thread.is_alive():
            _look_at(session, known, is_owned=False)


def drop_changed_by_tasks() -> None:
    """Drop the sessions of this thread that were changed outside attempts."""
    for database in connections.all(initialized_only=True):
        known = watched(database)
        if known is not None and known.is_used and known.process == os.getpid():
            _look_at(database.connection, known)
    drop_changed()


def _watch(connection: BaseDatabaseWrapper, **_: object) -> None:
    session = connection.connection
    if isinstance(session, Connection):
        known = Session(connection, weakref.ref(threading.current_thread()), process=os.getpid())
        session.cursor_factory = _Factory(session.cursor_factory, known)  # type: ignore[assignment]
        known.began = _shape(session)


class _Factory:
    """Make the cursors of one session, which report what they execute."""

    def __init__(self, factory: Callable[..., "Cursor[Any]"], session: Session) -> None:
        self.session = session
        self._reporting = _reporting(factory)

    def __call__(self, *args: Any, **kwargs: Any) -> "Cursor[Any]":
        cursor = self._reporting(*args, **kwargs)
        cursor.session = self.session  # type: ignore[attr-defined]
        return cursor


@cache
def _reporting(factory: Callable[..., "Cursor[Any]"]) -> Callable[..., "Cursor[Any]"]:
    class Reporting(factory):  # type: ignore[misc, valid-type]  # the class is known only now
        session: Session

        def execute(self, query: Any, *args: Any, **kwargs: Any) -> Any:
            """Report a statement and execute it."""
            self.session.note(query)
            return super().execute(query, *args, **kwargs)

        def executemany(self, query: Any, *args: Any, **kwargs: Any) -> None:
            """Report a statement and execute it several times."""
            self.session.note(query)
            super().executemany(query, *args, **kwargs)

    return Reporting


def _shape(session: "Connection[Any]") -> tuple[object, ...]:
    """Return what psycopg keeps of a session's own, and which settings libpq reports."""
    own = (session.row_factory, session.cursor_factory, session.isolation_level, session.read_only)
    return (*own, session.deferrable, *map(session.pgconn.parameter_status, _REPORTED))


def _look_at(session: "Connection[Any]", known: Session, *, is_owned: bool = True) -> None:
    """Drop a session if it is no longer as it began."""
    _used.pop(session, None)
    known.is_used = False
    if known.change is Change.SESSION or session.closed or _shape(session) != known.began:
        _drop(session, known, is_owned=is_owned)
    else:
        changed.pop(session, None)
        known.change = Change.NONE


def _drop(session: "Connection[Any]", known: Session, *, is_owned: bool) -> None:
    database = known.database
    is_current = database.connection is session
    if is_owned and is_current and database.in_atomic_block:
        return  # its owner's to end; looked at again after the next attempt
    changed.pop(session, None)
    if known.own is not None:
        _close(known.own)
    if is_current:
        _close(database)
    else:
        session.close()


def _close(database: BaseDatabaseWrapper) -> None:
    """Close a session that a helper thread of a body may have made."""
    database.inc_thread_sharing()
    try:
        database.close()
    finally:
        database.dec_thread_sharing()


def _forget_inherited() -> None:
    """Leave the sessions that a fork copied to the process that owns them."""
    _used.clear()
    changed.clear()


os.register_at_fork(after_in_child=_forget_inherited)


def _text_of(query: object) -> str:
    if isinstance(query, str):
        return query
    if isinstance(query, Composable):
        return query.as_string()
    return bytes(query).decode(errors="replace") if isinstance(query, bytes) else str(query)
