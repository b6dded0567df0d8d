"""Where PostgreSQL and the broker are: the environment decides, else what `manage.py up` wrote down.

Read by `config/settings.py`, so every command of the project finds the running servers.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from apps.local.servers.layout import Layout, make_private
from apps.local.servers.private_files import read_if_there, write_private

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# Taken when nothing is known, so that commands which need no server work.
DEFAULT_DATABASE_URL = "postgresql://backline@127.0.0.1:5432/backline"
DEFAULT_REDIS_URL = "redis://127.0.0.1:6379/0"


def database_url(project: Path) -> str:
    """Return the address of the database: DATABASE_URL, the running embedded one, or the default."""
    return os.environ.get("DATABASE_URL") or recorded(project).get("DATABASE_URL") or DEFAULT_DATABASE_URL


def redis_url(project: Path) -> str:
    """Return the address of Redis: REDIS_URL, the running embedded one, or the default."""
    return os.environ.get("REDIS_URL") or recorded(project).get("REDIS_URL") or DEFAULT_REDIS_URL


def broker_url(project: Path) -> str:
    """Return the address of the broker: CELERY_BROKER_URL, else that of Redis."""
    return os.environ.get("CELERY_BROKER_URL") or redis_url(project)


def recorded(project: Path) -> dict[str, str]:
    """Return the addresses of the running embedded servers by the name of their variable."""
    try:
        known = json.loads(read_if_there(Layout(project).addresses) or "{}")
    except ValueError:
        return {}
    return {str(name): str(value) for name, value in known.items()} if isinstance(known, dict) else {}


def record(project: Path, addresses: Mapping[str, str]) -> None:
    """Write down the addresses of the running embedded servers, mode 600."""
    layout = Layout(project)
    make_private(layout.state)
    write_private(layout.addresses, json.dumps(dict(addresses), indent=2) + "\n")


def forget(project: Path) -> None:
    """Remove the addresses: the embedded servers have stopped."""
    Layout(project).addresses.unlink(missing_ok=True)
