"""Weeks of the job table that are over: found, taken out of the table and dropped without stopping anybody.

A week leaves by DETACH CONCURRENTLY, which waits for open transactions but lets everybody else work. Each
step is given up after a moment and finished at a later round, so that nobody's long transaction, nor a backup
that reads the table, holds up the keeper.
"""

import logging
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import OperationalError, connection
from psycopg import Connection, errors, sql

from apps.lib.ids import first_id_of

log = logging.getLogger("backline.keeper")

_PATIENCE_S = 1.0  # for a statement altogether
# For each lock, until the end of the transaction that the statements of one string are: a pooler's session
# may be another one for the next string. Only DETACH CONCURRENTLY must stand alone.
_BRIEFLY = sql.SQL("SELECT set_config('lock_timeout', '500ms', true); ")
_OTHERS_ARE_IN_THE_WAY = (
    errors.LockNotAvailable,
    errors.QueryCanceled,
    errors.ObjectNotInPrerequisiteState,  # another week is leaving, or another keeper just finished this one
)
_NAME = re.compile(r"jobs_job_(\d{4})w(\d{2})")
_MARK = "taken out by the keeper"  # who detaches a week by hand keeps it
_WEEKS = """
    SELECT c.relname, i.inhrelid IS NOT NULL AND NOT i.inhdetachpending, COALESCE(i.inhdetachpending, false),
           d.xmin::text
      FROM pg_class AS c
      LEFT JOIN pg_inherits AS i ON i.inhrelid = c.oid AND i.inhparent = 'jobs_job'::regclass
      LEFT JOIN pg_description AS d
           ON d.objoid = c.oid AND d.classoid = 'pg_class'::regclass AND d.objsubid = 0 AND d.description = %s
     WHERE c.relkind = 'r' AND c.relname ~ '^jobs_job_[0-9]{4}w(0[1-9]|[1-4][0-9]|5[0-3])$'
       AND pg_table_is_visible(c.oid) AND (i.inhrelid IS NOT NULL OR d.objoid IS NOT NULL)
     ORDER BY c.relname
"""
# Each looks at the week behind a lock that everybody takes who changes what they look at.
_MARK_IT = """
DO $do$ BEGIN
    LOCK TABLE {table} IN SHARE UPDATE EXCLUSIVE MODE;
    IF EXISTS (SELECT FROM pg_inherits WHERE inhrelid = {name}::regclass AND NOT inhdetachpending) THEN
        COMMENT ON TABLE {table} IS {mark};
    END IF;
END $do$
"""
_DROP_IT = """
DO $do$ BEGIN
    LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE;
    IF NOT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = {name}::regclass)
       AND EXISTS (SELECT FROM pg_description
                    WHERE objoid = {name}::regclass AND classoid = 'pg_class'::regclass AND objsubid = 0
                      AND description = {mark} AND xmin::text = {since}) THEN
        DROP TABLE {table};
    END IF;
EXCEPTION WHEN undefined_table THEN NULL;
END $do$
"""


@dataclass(frozen=True, slots=True)
class Week:
    """One week's table."""

    name: str
    is_attached: bool
    is_leaving: bool = False  # its detaching was begun and waits for somebody's transaction
    marked: str | None = None  # by the keeper, for taking it out: in which transaction

    @property
    def is_somebodys(self) -> bool:
        """Say whether somebody is taking it out by hand, as an archive."""
        return self.is_leaving and self.marked is None

    @property
    def start(self) -> datetime:
        """Return when it begins: a Monday, UTC."""
        match = _NAME.fullmatch(self.name)
        assert match is not None, self.name  # noqa: S101  # found by this very pattern
        return datetime.fromisocalendar(int(match[1]), int(match[2]), 1).replace(tzinfo=UTC)

    @property
    def end(self) -> datetime:
        """Return when it ends."""
        return self.start + timedelta(weeks=1)


def find(name: str) -> Week | None:
    """Return the week's table of this name, as it is now."""
    return next((week for week in weeks() if week.name == name), None)


def weeks() -> list[Week]:
    """Return every week's table, the oldest first, also those that were taken out and not dropped yet."""
    with connection.cursor() as cursor:
        cursor.execute(_WEEKS, [_MARK])
        return [Week(*row) for row in cursor.fetchall()]


def detach(week: Week) -> bool:
    """Take a week out of the job table; return False when that has to wait for somebody."""
    if week.is_leaving:
        finish = sql.SQL("ALTER TABLE jobs_job DETACH PARTITION {table} FINALIZE")
        return _did(_BRIEFLY + _about(week, finish))
    take_out = sql.SQL("ALTER TABLE jobs_job DETACH PARTITION {table} CONCURRENTLY")
    mark = sql.SQL("COMMENT ON TABLE {table} IS {mark}")
    # The mark again at last: another keeper that saw it before the detaching began may have cleared it.
    if _did(
        _BRIEFLY + _about(week, sql.SQL(_MARK_IT)), _about(week, take_out), _BRIEFLY + _about(week, mark)
    ):
        return True
    clear_marks()
    return False


def clear_marks() -> None:
    """Forget that weeks were to leave which are in the table: one that leaves by hand is not ours."""
    for week in weeks():
        if week.is_attached and week.marked:
            _did(_BRIEFLY + _about(week, sql.SQL("COMMENT ON TABLE {table} IS NULL")))


def attach_again(week: Week) -> bool:
    """Put a week back that was taken out; return False when that has to wait for somebody."""
    is_first = not any(other.is_attached and other.name < week.name for other in weeks())
    low = sql.SQL("MINVALUE") if is_first else _literal(first_id_of(week.start))
    put_back = sql.SQL(
        "ALTER TABLE jobs_job ATTACH PARTITION {table} FOR VALUES FROM ({low}) TO ({high});"
        " COMMENT ON TABLE {table} IS NULL"  # sent together they are one transaction
    )
    return _did(_BRIEFLY + _about(week, put_back, low=low, high=_literal(first_id_of(week.end))))


def drop(week: Week) -> bool:
    """Drop a week that is out since it was looked for; return False when it is not, or somebody reads it.

    Another keeper may have put it back since, and one job in it may live again.
    """
    is_tried = _did(_BRIEFLY + _about(week, sql.SQL(_DROP_IT)))
    is_dropped = is_tried and not any(other.name == week.name for other in weeks())
    if is_dropped:
        log.info("week %s was dropped: all of its jobs ended long ago", week.name)
    return is_dropped


def _about(week: Week, statement: sql.SQL, **more: sql.Composable) -> sql.Composed:
    return statement.format(
        table=sql.Identifier(week.name),
        name=sql.Literal(week.name),
        mark=sql.Literal(_MARK),
        since=sql.Literal(week.marked or ""),
        **more,
    )


def _did(*statements: sql.Composed) -> bool:
    """Execute statements outside a transaction, for a moment each; say whether nobody was in the way."""
    with connection.cursor() as cursor:
        try:
            for statement in statements:
                with _cancelled_after(_PATIENCE_S, cursor.connection):
                    cursor.execute(statement.as_string(cursor.connection))
        except OperationalError as error:
            if not isinstance(error.__cause__, _OTHERS_ARE_IN_THE_WAY):
                raise
            log.info("an old week waits for somebody's transaction: %s", error)
            return False
    return True


@contextmanager
def _cancelled_after(seconds: float, session: Connection) -> Iterator[None]:
    """Cancel the statement within when it takes longer: a time limit that is no setting of the session."""
    timer = threading.Timer(seconds, session.cancel_safe, kwargs={"timeout": seconds})
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()  # a cancel under way must not meet the next statement


def _literal(value: UUID) -> sql.Literal:
    return sql.Literal(str(value))
