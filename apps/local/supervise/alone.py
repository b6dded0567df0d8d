"""One `manage.py up` per project: a lock that the supervisor and every leash hold.

It is free only when the last process of the last run has ended, however that run ended. A second run
says where the first is; after a supervisor was killed, the next waits until its leashes have tidied up.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from typing import TYPE_CHECKING

import psutil

from apps.local.servers.errors import ServerError
from apps.local.servers.layout import Layout, make_private
from apps.local.servers.private_files import read_if_there, write_private

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_PATIENCE = 45.0


class AlreadyRunningError(ServerError):
    """Another `manage.py up` runs in this project."""


def take_the_lock(layout: Layout, notice: Callable[[str], None]) -> int:
    """Return the descriptor of the project's lock, held; wait for the rest of a killed run to end."""
    make_private(layout.state)
    descriptor = os.open(layout.state / "up.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + _PATIENCE
    told = False
    while not _try(descriptor):
        _refuse_a_living_one(layout)
        if time.monotonic() > deadline:
            raise ServerError("Processes of an earlier run do not end.", "Run: make clean")
        if not told:
            notice("an earlier run was killed; waiting until its processes have ended")
            told = True
        time.sleep(0.1)
    return descriptor


def introduce(layout: Layout, address: str) -> None:
    """Write down who runs here and where, for a second run and for `doctor`."""
    myself = psutil.Process()
    known = {"pid": myself.pid, "since": myself.create_time(), "address": address}
    write_private(layout.supervisor, json.dumps(known) + "\n")


def running_supervisor(project: Path) -> tuple[int, str] | None:
    """Return pid and address of the `manage.py up` that runs in this project, if one does."""
    try:
        known = json.loads(read_if_there(Layout(project).supervisor) or "{}")
        process = psutil.Process(int(known["pid"]))
        same = abs(process.create_time() - float(known["since"])) < 1
    except (ValueError, KeyError, TypeError, psutil.NoSuchProcess):
        return None
    return (process.pid, str(known["address"])) if same else None


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _refuse_a_living_one(layout: Layout) -> None:
    known = running_supervisor(layout.project)
    if known is not None:
        pid, address = known
        raise AlreadyRunningError(
            f"Backline already runs here: pid {pid}, {address}",
            f"Open it, or stop it with Ctrl-C there, or: kill {pid}",
        )
