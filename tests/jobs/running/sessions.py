"""Look at this thread's database session, and compare it with a new one."""

from typing import Any

from django.db import connection


def state_of_session() -> list[object]:
    """Return settings, role, locks and what else a session may hold."""
    query = (
        "SELECT name, setting FROM pg_settings WHERE name NOT LIKE 'plpgsql.%%' UNION ALL "
        "SELECT 'app.user', COALESCE(current_setting('app.user', true), '') UNION ALL "
        "SELECT 'role', current_user::text UNION ALL SELECT 'temporary', relname FROM pg_class "
        " WHERE relnamespace = pg_my_temp_schema() UNION ALL "
        "SELECT 'lock', objid::text FROM pg_locks WHERE locktype = 'advisory' UNION ALL "
        "SELECT 'listens', pg_listening_channels() UNION ALL SELECT 'cursor', name FROM pg_cursors UNION ALL "
        "SELECT 'prepared', name FROM pg_prepared_statements WHERE NOT name LIKE '_pg3%%' ORDER BY 1, 2"
    )
    with connection.cursor() as cursor:
        cursor.execute(query)
        return list(cursor.fetchall())


def as_new() -> None:
    """Check that this thread's session is as a new one."""
    found = state_of_session()
    connection.close()
    assert found == state_of_session()


def connected() -> Any:  # its types of rows differ
    """Return psycopg's connection."""
    connection.ensure_connection()
    return connection.connection
