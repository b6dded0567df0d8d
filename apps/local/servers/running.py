"""Recognise a server that already runs, by pid, program and data directory.

A pid file is a claim, not a proof: the pid may have been given to another program, and the file may
lie in a directory that another account can write.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable

    from apps.local.servers.privileges import Account


def running(pid: int, account: Account, mark: str) -> psutil.Process | None:
    """Return the process `pid` if it belongs to `account` and names `mark` on its command line."""
    try:
        process = psutil.Process(pid)
        alive = process.status() != psutil.STATUS_ZOMBIE
        if alive and process.uids().effective == account.uid and mark in _command_line(process):
            return process
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return None
    return None


def has_owner(process: psutil.Process) -> bool:
    """Tell whether a live leash holds `process`, so that somebody else will stop it."""
    try:
        parent = process.parent()
        return parent is not None and any(Path(part).name == "leash.py" for part in parent.cmdline())
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False


def end(process: psutil.Process, ask: Callable[[psutil.Process], None], patience: float) -> None:
    """Ask `process` to end, and kill it when it has not after `patience` seconds."""
    try:
        ask(process)
        process.wait(patience)
    except psutil.NoSuchProcess:
        return
    except psutil.TimeoutExpired:
        process.kill()
        process.wait(patience)


def _command_line(process: psutil.Process) -> str:
    return "\0".join(process.cmdline())
