"""Checks of the machine: Python, disk, ports."""

from __future__ import annotations

import platform
import sys
from typing import TYPE_CHECKING

from apps.local.servers.layout import Layout, home_path
from apps.local.servers.ports import is_free
from apps.local.servers.privileges import server_account
from apps.local.supervise.alone import running_supervisor
from apps.maintenance.health.disk import disk_at, disk_places
from apps.maintenance.health.finding import Finding, note, well, wrong

if TYPE_CHECKING:
    from pathlib import Path

_OLDEST = (3, 11)
_USUAL_PORTS = (8000, 5555)


def python(project: Path) -> Finding:
    """Check that this Python is new enough."""
    del project
    version = platform.python_version()
    if sys.version_info < _OLDEST:
        return wrong("Python", f"{version} is older than 3.11", "Run: make PYTHON=/path/to/python3.12 up")
    return well("Python", version)


def disk(project: Path) -> Finding:
    """Check that there is room for data and for PostgreSQL's log of changes."""
    layout = Layout(project)
    return disk_at(layout.state, home_path(layout.postgres, server_account()), *disk_places())


def ports(project: Path) -> Finding:
    """Look whether the usual ports are free; busy ones are no fault, `up` takes the next."""
    running = running_supervisor(project)
    if running is not None:
        return well("ports", f"in use by Backline itself, {running[1]}")
    busy = [str(port) for port in _USUAL_PORTS if not is_free(port)]
    if busy:
        return note("ports", f"{' and '.join(busy)} busy; up takes the next free one")
    return well("ports", f"{' and '.join(map(str, _USUAL_PORTS))} are free")
