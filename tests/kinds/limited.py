"""Job types of which few may run, or be, at a time; each run leaves its start and its end in a file."""

import os
import time
from pathlib import Path

from apps.jobs import Unique, job


@job("limited.one", concurrency=1)
def one(until: str, log: str) -> None:
    """Be the only one."""
    _stay(until, log, "one")


@job("limited.each", concurrency=1, limit_by="who")
def each(who: str, until: str, log: str) -> None:
    """Be the only one of somebody."""
    _stay(until, log, who)


@job("limited.unique", unique=Unique())
def unique(until: str, log: str) -> None:
    """Be there once."""
    _stay(until, log, "unique")


def _stay(until: str, log: str, key: str) -> None:
    """Stay until there is a file, and for a moment in which another would be seen."""
    _write(log, f"start {key} {os.getpid()}\n")
    while not Path(until).exists():
        time.sleep(0.02)
    time.sleep(0.02)
    _write(log, f"end {key} {os.getpid()}\n")


def _write(log: str, line: str) -> None:
    """Append a line, whole whoever else does."""
    with Path(log).open("a") as file:
        file.write(line)
