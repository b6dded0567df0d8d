"""Change the database session, each way as a careless body would, and find the next one as new."""

from django.db import DEFAULT_DB_ALIAS, connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from apps.jobs import Context, job
from apps.local.chaos import sink
from apps.local.chaos.kinds.patience import STUBBORN

CHANGES = (
    "SET search_path TO pg_catalog",
    "SET ROLE pg_monitor",
    "SET SESSION AUTHORIZATION pg_monitor",
    "CREATE TEMP TABLE jobs_job (id int)",
    "CREATE TEMP TABLE jobs_progress (LIKE jobs_progress)",
    "SET statement_timeout = '5ms'",
    "SET lock_timeout = 1",
    "SET TIME ZONE 'Asia/Tokyo'",
    "SET default_transaction_read_only = on",
    "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
    "SET row_security = off",
    "SET synchronous_commit = off",
    "SET client_encoding = 'LATIN1'",
    "SET DateStyle = 'German'",
    "SELECT set_config('search_path', 'pg_catalog', false)",
    "SELECT set_config('statement_timeout', '5ms', false)",
    "PREPARE odd AS SELECT 1",
    "LISTEN odd",
    "SELECT pg_advisory_lock(pg_backend_pid())",
    "DISCARD ALL",
)
WAYS = ("django", "psycopg", "transaction")
_AS_NEW = """
    SELECT current_setting('search_path') || current_setting('role')
           || current_setting('session_authorization') || current_setting('statement_timeout')
           || current_setting('lock_timeout')
           || current_setting('TimeZone') || current_setting('default_transaction_read_only')
           || current_setting('row_security') || current_setting('client_encoding')
           || current_setting('DateStyle') || current_setting('synchronous_commit')
           || (SELECT count(*) FROM pg_prepared_statements WHERE name = 'odd')
           || (SELECT count(*) FROM pg_listening_channels())
           || (SELECT count(*) FROM pg_class WHERE relnamespace = pg_my_temp_schema())
           || (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid())
"""


@job("chaos.changing", retry=STUBBORN)
def changing(ctx: Context, change: str, way: str) -> None:
    """Look whether the session is as new, change it, and use the context after that."""
    sink.tell("begun", ctx.job_id, "changing")
    if (found := _state(connections[DEFAULT_DB_ALIAS])) != _state_of_a_new_one():
        sink.tell("inherited", ctx.job_id, "changing")
        raise ValueError(f"It inherited a changed session: {found}")
    if way == "transaction":
        with transaction.atomic():
            _change(ctx, change, way)
    else:
        _change(ctx, change, way)
    sink.tell("done", ctx.job_id, "changing")


def _change(ctx: Context, change: str, way: str) -> None:
    if way == "psycopg":
        connection.connection.execute(change)
    else:
        with connection.cursor() as cursor:
            cursor.execute(change)
    ctx.progress(1, 2)


def _state(database: BaseDatabaseWrapper) -> object:
    with database.cursor() as cursor:
        cursor.execute(_AS_NEW)
        return cursor.fetchone()[0]


def _state_of_a_new_one() -> object:
    other = connections.create_connection(DEFAULT_DB_ALIAS)
    try:
        return _state(other)
    finally:
        other.close()
