"""Make the database ready: migrations, declared schedules, and an admin to log in with.

Run by `manage.py up` as a process of its own (`manage.py prepare`), so that the supervisor never holds
a database connection and settings are read when the servers are up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor

from apps.local.supervise.credentials import generate
from apps.local.supervise.prepared import Prepared
from apps.schedules.declared import sync as sync_schedules

if TYPE_CHECKING:
    from pathlib import Path


def prepare(project: Path) -> Prepared:
    """Bring in migrations and declared schedules, and make an admin when there is none."""
    applied = _migrate()
    sync_schedules()
    made = _make_an_admin(project)
    return Prepared(applied, made, _which_database(), _first_admin())


def _migrate() -> int:
    executor = MigrationExecutor(connection)
    pending = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    if pending:
        call_command("migrate", interactive=False, verbosity=0)
    return pending


def _make_an_admin(project: Path) -> bool:
    """Keep the password before the user is committed: a login that nobody knows helps nobody."""
    people = get_user_model()._default_manager
    with transaction.atomic():
        if people.filter(is_superuser=True).exists():
            return False
        login = generate(project)
        people.create_superuser(login.login, login.password)
    return True


def _first_admin() -> str:
    admins = get_user_model()._default_manager.filter(is_superuser=True).order_by("pk")
    return next((admin.get_username() for admin in admins[:1]), "")


def _which_database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT oid, datname FROM pg_database WHERE datname = current_database()")
        oid, name = cursor.fetchone()
    return f"{oid} {name}"
