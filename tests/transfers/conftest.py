"""Uploads of a test go into a directory of its own."""

from pathlib import Path

import pytest
from pytest_django import Settings


@pytest.fixture(autouse=True)
def uploads_dir(tmp_path: Path, settings: Settings) -> Path:
    """Return where this test's uploads go; it does not exist yet."""
    settings.BACKLINE_UPLOADS_DIR = tmp_path / "uploads"
    return tmp_path / "uploads"
