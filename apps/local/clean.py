"""`python -m apps.local.clean`, what `make clean` calls: stop what runs here, delete its data.

Needs no settings and no database, so that it also works when those are what is broken.
"""

from __future__ import annotations

import shutil
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from apps.local.servers.errors import ServerError
from apps.local.servers.layout import Layout
from apps.local.servers.postgres import PostgresServer
from apps.local.servers.running import end
from apps.local.servers.valkey import ValkeyServer
from apps.local.supervise.alone import running_supervisor, take_the_lock

if TYPE_CHECKING:
    from collections.abc import Callable

    from apps.local.servers.server import Server

_SUPERVISOR_PATIENCE = 35.0


def clean(project: Path, say: Callable[[str], None]) -> None:
    """Stop the servers and processes of `project`, delete their data, and say what was done."""
    layout = Layout(project)
    _stop_supervisor(project, say)
    if layout.state.exists():
        take_the_lock(layout, say)
    for server in (PostgresServer(layout.postgres), ValkeyServer(layout.valkey)):
        _remove(server, say)
    if layout.state.exists():
        shutil.rmtree(layout.state)
        say(f"removed {layout.state}")


def _stop_supervisor(project: Path, say: Callable[[str], None]) -> None:
    running = running_supervisor(project)
    if running is not None:
        end(psutil.Process(running[0]), signal.SIGTERM, _SUPERVISOR_PATIENCE)
        say(f"stopped manage.py up, pid {running[0]}")


def _remove(server: Server, say: Callable[[str], None]) -> None:
    pid = server.pid
    if pid is not None:
        say(f"stopping {server.name}, pid {pid}")
    if server.home.exists():
        server.remove()
        say(f"removed {server.home}")


def main() -> int:
    """Clean the project this file belongs to."""
    try:
        clean(Path(__file__).resolve().parents[2], print)
    except ServerError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
