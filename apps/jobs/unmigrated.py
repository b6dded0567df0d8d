"""A database without the tables of this release: no worker, keeper or beat may start on it."""

import logging
import threading

from celery.platforms import EX_FAILURE
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

log = logging.getLogger("backline")

_one_at_a_time = threading.Lock()  # Django reloads the modules of migrations


def missing(app: str = "jobs") -> list[str]:
    """Return the names of an app's migrations that this database lacks."""
    with _one_at_a_time:
        executor = MigrationExecutor(connection)
    targets = executor.loader.graph.leaf_nodes(app)
    return [f"{step.app_label}.{step.name}" for step, _ in executor.migration_plan(targets)]


def sentence(app: str = "jobs") -> str:
    """Return an error text that names the first missing migration; empty when none is missing."""
    names = missing(app)
    if not names:
        return ""
    return (
        f"The database lacks tables of this release ({names[0]} is not applied). Run manage.py migrate first."
    )


def refuse(app: str = "jobs") -> None:
    """Exit with a sentence when migrations are missing; raise when the database is away."""
    if text := sentence(app):
        log.critical("%s", text)
        raise SystemExit(EX_FAILURE)
