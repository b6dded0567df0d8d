"""What tests of the pages start from."""

from pathlib import Path

import pytest
from django.test import Client
from pytest_django import Settings

from apps.accounts.models import User
from tests.web.people import client_of, person
from tests.web.streams import committed, quick  # noqa: F401  # fixtures


@pytest.fixture(autouse=True)
def uploads_dir(tmp_path: Path, settings: Settings) -> Path:
    """Return where this test's uploads go; it does not exist yet."""
    settings.BACKLINE_UPLOADS_DIR = tmp_path / "uploads"
    return tmp_path / "uploads"


@pytest.fixture(autouse=True)
def quick_passwords(settings: Settings) -> None:
    """Hashing is slow on purpose; here it would only be slow."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def owner(db: None) -> User:
    """Somebody who starts jobs."""
    return person()


@pytest.fixture
def browser(owner: User) -> Client:
    """The owner's browser."""
    return client_of(owner)
