"""Django's SECRET_KEY: the environment's, else one generated once for this project."""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING

from apps.local.servers.errors import ServerError
from apps.local.servers.layout import Layout
from apps.local.servers.private_files import read_if_there, write_private_once

if TYPE_CHECKING:
    from pathlib import Path


def secret_key(project: Path) -> str:
    """Return DJANGO_SECRET_KEY, or the project's own key, made on first use and kept with mode 600."""
    given = os.environ.get("DJANGO_SECRET_KEY")
    if given:
        return given
    file = Layout(project).secret_key
    try:
        return (read_if_there(file) or write_private_once(file, secrets.token_urlsafe(50))).strip()
    except OSError as error:
        raise ServerError(
            f"{file} cannot be used for the secret key: {error.strerror}.",
            "Set DJANGO_SECRET_KEY, or give that directory to the account that runs Backline.",
        ) from error
