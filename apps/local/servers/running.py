"""Recognise a server that already runs, by pid, program and data directory.

A pid file is a claim, not a proof: the pid may have been given to another program, and the file may
lie in a directory that another account can write.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from apps.local.servers.privileges import Account

_GONE = (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)


def running(pid: int, account: Account, mark: str) -> psutil.Process | None:
    """Return the process `pid` if it belongs to `account` and names `mark` on its command line."""
    try:
        process = psutil.Process(pid)
        alive = process.status() not in _GONE
        if alive and process.uids().effective == account.uid and mark in _command_line(process):
            return process
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return None
    return None


def end_orphans(account: Account, directory: Path) -> None:
    """Kill what still works in `directory` for `account` after the server above it is gone.

    A backend of a killed PostgreSQL ends only when its statement does, and until then no new server
    may start. Its shared memory has no future, so there is nothing it could end in order.
    """
    for process in psutil.process_iter():
        try:
            if process.uids().effective == account.uid and process.cwd() == str(directory):
                process.kill()
                is_gone_within(process, 10.0)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue


def has_owner(process: psutil.Process) -> bool:
    """Tell whether a live leash holds `process`, so that somebody else will stop it."""
    try:
        parent = process.parent()
        return parent is not None and any(Path(part).name == "leash.py" for part in parent.cmdline())
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False


def end(process: psutil.Process, number: int, patience: float) -> None:
    """Send `number` to `process`, and kill it when it has not gone after `patience` seconds."""
    try:
        process.send_signal(number)
        if not is_gone_within(process, patience):
            process.kill()
            is_gone_within(process, patience)
    except psutil.NoSuchProcess:
        return


def is_gone_within(process: psutil.Process, patience: float) -> bool:
    """Wait until `process` runs no more; one that its parent has not yet reaped is gone too."""
    deadline = time.monotonic() + patience
    while process.is_running() and _status(process) not in _GONE:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _status(process: psutil.Process) -> str:
    try:
        return process.status()
    except psutil.NoSuchProcess:
        return psutil.STATUS_DEAD


def _command_line(process: psutil.Process) -> str:
    return "\0".join(process.cmdline())
