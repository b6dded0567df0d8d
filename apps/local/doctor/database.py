"""Checks of the database: does it answer, is it new enough, set well, migrated."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from apps.lib import redact
from apps.local.servers.addresses import database_url
from apps.local.servers.locate import OLDEST_POSTGRES
from apps.maintenance.health import servers
from apps.maintenance.health.finding import Finding, well, wrong

if TYPE_CHECKING:
    from pathlib import Path


def reachable(project: Path) -> Finding:
    """Check that PostgreSQL answers and is new enough."""
    address = redact.scrubbed(database_url(project))
    connection.ensure_connection()
    number = connection.cursor().connection.info.server_version
    version = f"PostgreSQL {number // 10_000}.{number % 10_000}"
    if number // 10_000 < OLDEST_POSTGRES:
        return wrong("database", f"{version} is too old", f"Use PostgreSQL {OLDEST_POSTGRES} or newer.")
    return well("database", f"{version} at {address}")


def settled(project: Path) -> Finding:
    """Check what the ledger leans on: durable commits, vacuuming, and room for connections."""
    del project
    shown = _show("fsync", "autovacuum", "track_counts", "max_connections", "server_encoding")
    faults = [f"{name} is off" for name in ("fsync", "autovacuum", "track_counts") if shown[name] == "off"]
    if int(shown["max_connections"]) < 50:
        faults.append(f"max_connections is {shown['max_connections']}, less than 50")
    if shown["server_encoding"] != "UTF8":
        faults.append(f"the encoding is {shown['server_encoding']}, not UTF8")
    if faults:
        return wrong("database settings", "; ".join(faults), "Fix them in postgresql.conf and restart.")
    return well("database settings", f"fsync and autovacuum on, {shown['max_connections']} connections")


def writes(project: Path) -> Finding:
    """Check that PostgreSQL accepts writes and has connections left."""
    del project
    return replace(servers.database(), name="database writes")


def migrations(project: Path) -> Finding:
    """Check that the database is as new as the code."""
    del project
    executor = MigrationExecutor(connection)
    pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if pending:
        return wrong("migrations", f"{len(pending)} to apply", "Run: manage.py migrate")
    return well("migrations", "none to apply")


def _show(*names: str) -> dict[str, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, setting FROM pg_settings WHERE name = ANY(%s)", [list(names)])
        return dict(cursor.fetchall())
