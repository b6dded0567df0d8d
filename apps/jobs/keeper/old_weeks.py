"""Weeks of the job table that are over: found, taken out of the table and dropped without stopping anybody.

A week leaves by DETACH CONCURRENTLY, which waits for open transactions but lets everybody else work. Each
step is given up after a moment and finished at a later round, so that nobody's long transaction, nor a backup
that reads the table, holds up the keeper.
"""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import OperationalError, connection
from psycopg import errors, sql

from apps.lib.ids import first_id_of

log = logging.getLogger("backline.keeper")

# PostgreSQL counts the first for each transaction that is waited for, the second altogether.
_PATIENCE = "SET lock_timeout = '500ms'; SET statement_timeout = '1s'"
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
    how = sql.SQL("FINALIZE" if week.is_leaving else "CONCURRENTLY")
    take_out = sql.SQL("ALTER TABLE jobs_job DETACH PARTITION {table} {how}")
    mark = sql.SQL("COMMENT ON TABLE {table} IS {mark}")
    if week.is_leaving:
        return _did(_about(week, take_out, how=how))
    # once more at last: another keeper, who found it marked and not leaving yet, may have cleared the mark
    if _did(_about(week, sql.SQL(_MARK_IT)), _about(week, take_out, how=how), _about(week, mark)):
        return True
    clear_marks()
    return False


def clear_marks() -> None:
    """Forget that weeks were to leave which are in the table: one that leaves by hand is not ours."""
    for week in weeks():
        if week.is_attached and week.marked:
            _did(_about(week, sql.SQL("COMMENT ON TABLE {table} IS NULL")))


def attach_again(week: Week) -> bool:
    """Put a week back that was taken out; return False when that has to wait for somebody."""
    is_first = not any(other.is_attached and other.name < week.name for other in weeks())
    low = sql.SQL("MINVALUE") if is_first else _literal(first_id_of(week.start))
    put_back = sql.SQL(
        "ALTER TABLE jobs_job ATTACH PARTITION {table} FOR VALUES FROM ({low}) TO ({high});"
        " COMMENT ON TABLE {table} IS NULL"  # sent together they are one transaction
    )
    return _did(_about(week, put_back, low=low, high=_literal(first_id_of(week.end))))


def drop(week: Week) -> bool:
    """Drop a week that is out since it was looked for; return False when it is not, or somebody reads it.

    Another keeper may have put it back since, and one job in it may live again.
    """
    is_dropped = _did(_about(week, sql.SQL(_DROP_IT))) and not any(
        other.name == week.name for other in weeks()
    )
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
    with connection.cursor() as cursor, _patience():
        try:
            for statement in statements:
                cursor.execute(statement.as_string(cursor.connection))
        except OperationalError as error:
            if not isinstance(error.__cause__, _OTHERS_ARE_IN_THE_WAY):
                raise
            log.info("an old week waits for somebody's transaction: %s", error)
            return False
    return True


@contextmanager
def _patience() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('lock_timeout'), current_setting('statement_timeout')")
        [before] = cursor.fetchall()
        cursor.execute(_PATIENCE)
        try:
            yield
        finally:
            put_back = (
                "SELECT set_config('lock_timeout', %s, false), set_config('statement_timeout', %s, false)"
            )
            cursor.execute(put_back, before)


def _literal(value: UUID) -> sql.Literal:
    return sql.Literal(str(value))
