"""The logs of the children: one file each, kept short, and followed line by line.

Children write to their file themselves, so a slow terminal or a dead supervisor never blocks one.
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from apps.lib.private_files import private

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LONGEST = 50_000_000
_AT_ONCE = 256_000


def log_path(logs: Path, name: str) -> Path:
    """Return the log of the process `name`."""
    return logs / f"{name}.log"


def start_log(log: Path) -> None:
    """Put the log of the last start aside and begin an empty one, mode 600."""
    if log.exists():
        log.replace(log.with_suffix(".log.1"))
    os.close(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600))


class Follower:
    """Reads what is added to a log, whole lines at a time."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self._offset = 0
        self._inode = 0
        self._rest = b""

    def skip(self) -> None:
        """Go on at the end: what was written so far is not shown."""
        for _ in self.lines():
            continue

    def lines(self) -> Iterator[str]:
        """Yield the lines added since the last call; shorten a log that became too long."""
        try:
            with self.log.open("rb") as file:
                self._notice_a_new_file(file.fileno())
                file.seek(self._offset)
                while chunk := file.read(_AT_ONCE):
                    self._offset += len(chunk)
                    *whole, self._rest = (self._rest + chunk).split(b"\n")
                    yield from (line.decode("utf-8", "replace").rstrip("\r") for line in whole)
                    self._rest = self._rest[-_AT_ONCE:]
        except FileNotFoundError:
            return
        if self._offset > _LONGEST:
            self._shorten()

    def _notice_a_new_file(self, descriptor: int) -> None:
        status = os.fstat(descriptor)
        if status.st_ino != self._inode or status.st_size < self._offset:
            self._inode, self._offset, self._rest = status.st_ino, 0, b""

    def _shorten(self) -> None:
        """Copy and truncate: the child appends to the same file on."""
        with self.log.open("rb") as full, open(self.log.with_suffix(".log.1"), "wb", opener=private) as kept:
            shutil.copyfileobj(full, kept)
        os.truncate(self.log, 0)
        self._offset = 0
