"""Files of these jobs go into directories of the test's own; what a test commits is deleted after it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.db import connection, connections
from pytest_django import Settings

WRITTEN = ("jobs", "mail", "shop", "transfers", "schedules", "accounts")


@pytest.fixture(autouse=True)
def directories(settings: Settings, tmp_path: Path) -> None:
    """Give uploads, artifacts and backups a place; none of them exists yet."""
    settings.BACKLINE_UPLOADS_DIR = tmp_path / "uploads"
    settings.BACKLINE_ARTIFACTS_DIR = tmp_path / "artifacts"
    settings.BACKLINE_BACKUPS_DIR = tmp_path / "backups"


@pytest.fixture
def committed(db: None, settings: Settings) -> Iterator[None]:
    """Let the test commit, and its jobs stand in line, where the test's own worker takes them.

    Over a connection outside the transaction that Django rolls back: its own way would empty every table.
    """
    settings.BACKLINE_WINDOW = 0
    rolled_back = connections["default"]
    del connections["default"]
    _forget_everything()
    yield
    connection.close()
    _forget_everything()
    connection.close()
    connections["default"] = rolled_back


def _forget_everything() -> None:
    models = [model for name in WRITTEN for model in apps.get_app_config(name).get_models()]
    # lines before what they refer to; foreign keys are checked at the commit
    tables = ["shop_orderline", *(model._meta.db_table for model in models)]
    with connection.cursor() as cursor:
        cursor.execute(";".join(f"DELETE FROM {table}" for table in tables))
