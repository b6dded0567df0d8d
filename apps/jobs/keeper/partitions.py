"""Weekly partitions of the job table, made ahead of time without stopping anybody.

A partition is made as a table of its own with a CHECK and then attached: CREATE ... PARTITION OF
would wait for, and stall, every open transaction.
"""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import connection, transaction
from psycopg import sql

from apps.jobs import sql as statements
from apps.lib.ids import first_id_of

WEEKS_AHEAD = 8
_LOCK = 0x6A6F6273  # "jobs": two keepers must not make the same week

_PATIENCE = "5s"  # with a lock

_LOWEST = UUID(int=0)


def make_weeks_ahead(now: datetime | None = None) -> int:
    """Make the partitions of this week and the next eight, where they are missing; return how many.

    The first one ever made also holds everything older.
    """
    monday = _monday(now or datetime.now(UTC))
    made = 0
    with transaction.atomic(), connection.cursor() as cursor:
        [(before, _)] = statements.run("wait_at_most", {"patience": _PATIENCE})
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        cursor.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'jobs_job'::regclass"
        )
        existing = {name for (name,) in cursor.fetchall()}
        for week in range(WEEKS_AHEAD + 1):
            start = monday + timedelta(weeks=week)
            name = week_name(start)
            if name not in existing:
                _make(name, None if not existing else start, start + timedelta(weeks=1))
                existing.add(name)
                made += 1
        statements.run("wait_at_most", {"patience": before})
    return made


def week_name(start: datetime) -> str:
    """Name the partition of the week that starts then: ISO year and week."""
    year, week, _ = start.isocalendar()
    return f"jobs_job_{year}w{week:02}"


def _monday(moment: datetime) -> datetime:
    day = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day - timedelta(days=day.weekday())


def _make(name: str, start: datetime | None, end: datetime) -> None:
    table = sql.Identifier(name)
    low = sql.Literal(str(first_id_of(start) if start else _LOWEST))
    high = sql.Literal(str(first_id_of(end)))
    check = sql.Identifier(f"{name}_holds_its_week")
    steps = [
        sql.SQL(
            "CREATE TABLE {} (LIKE jobs_job INCLUDING DEFAULTS INCLUDING CONSTRAINTS) WITH (fillfactor = 50, "
            "autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 20000, "
            "autovacuum_vacuum_insert_scale_factor = 0.1, autovacuum_analyze_scale_factor = 0.02, "
            "autovacuum_vacuum_cost_delay = 0)"
        ).format(table),
        sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} CHECK (id >= {} AND id < {})").format(
            table, check, low, high
        ),
        sql.SQL("ALTER TABLE jobs_job ATTACH PARTITION {} FOR VALUES FROM ({}) TO ({})").format(
            table, low if start else sql.SQL("MINVALUE"), high
        ),
        sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(table, check),
    ]
    with connection.cursor() as cursor:
        for step in steps:
            cursor.execute(step.as_string(cursor.connection))
