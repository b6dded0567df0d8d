"""Check of the supervisor: the one process that writes nothing to the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.local.supervise.alone import running_supervisor
from apps.maintenance.health.finding import Finding, note, well

if TYPE_CHECKING:
    from pathlib import Path


def supervisor(project: Path) -> Finding:
    """Look whether `manage.py up` runs in this project."""
    running = running_supervisor(project)
    if running is None:
        return note("supervisor", "manage.py up does not run here", "Run: make up")
    return well("supervisor", f"manage.py up runs, pid {running[0]}, {running[1]}")
