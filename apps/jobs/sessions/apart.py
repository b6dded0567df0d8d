"""Run a ledger statement so that nothing depends on it which a body set in its session.

Outside a transaction the statement gets a session of its own, beside the body's. Inside one it has to stay
in the body's, and the settings that could make it fail are put aside for as long as it takes.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DatabaseError, Error, IntegrityError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from apps.jobs.database_away import takes_no_writes
from apps.jobs.sessions import watch
from apps.jobs.sessions.statement import Change
from apps.lib.asynchronous_commit import is_own_transaction

_NAMES = ("session_authorization", "role", "search_path", "statement_timeout", "lock_timeout", "row_security")
_READ = "SELECT " + ", ".join(f"current_setting('{name}')" for name in _NAMES)
# NULL is the session's default; temporary tables come last, else one could stand in for a table of the ledger
_PUT_ASIDE = (
    "SELECT "
    + "".join(f"set_config('{name}', NULL, true), " for name in _NAMES)
    + "set_config('search_path', current_setting('search_path') || ', pg_temp', true)"
)
_PUT_BACK = "SELECT " + ", ".join(f"set_config('{name}', %s, true)" for name in _NAMES)
watch.ours.update((_READ, _PUT_ASIDE, _PUT_BACK))


@contextmanager
def unaffected(database: BaseDatabaseWrapper) -> Iterator[BaseDatabaseWrapper]:
    """Yield the session for a ledger statement: this one, or another where a body changed this one."""
    known = watch.changed.get(database.connection)
    if known is None:
        yield database
    elif not is_own_transaction(database.connection):
        with _settings_put_aside(database):
            yield database
    elif known.change is Change.TRANSACTION:
        yield database  # the transaction it was for is over
    else:
        with _own(known) as own:
            yield own


def may_try_again(database: BaseDatabaseWrapper, error: DatabaseError) -> bool:
    """Return whether a statement failed that may succeed in another session; count this one as changed.

    It was a transaction of its own, so it had no effect. A database that is away is its caller's to wait for.
    """
    session, known = database.connection, watch.watched(database)
    if known is None or session.closed or isinstance(error, IntegrityError) or takes_no_writes(error):
        return False
    if not is_own_transaction(session):
        return False
    known.mark(session, Change.SESSION)
    if not watch.is_in_attempt():
        watch.drop_changed()
    return True


@contextmanager
def _own(known: watch.Session) -> Iterator[BaseDatabaseWrapper]:
    if known.own is None:
        known.own = connections.create_connection(known.database.alias)
    try:
        yield known.own
    except Error:
        known.own.close()  # it may be broken; the next statement gets a new one
        raise


@contextmanager
def _settings_put_aside(database: BaseDatabaseWrapper) -> Iterator[None]:
    """Give the open transaction the session's defaults; after an error its rollback puts them back."""
    with database.cursor() as cursor:
        cursor.execute(_READ)
        [before] = cursor.fetchall()
        cursor.execute(_PUT_ASIDE)
        yield
        cursor.execute(_PUT_BACK, before)
