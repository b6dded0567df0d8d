"""Clocks that a fault may move: that of PostgreSQL, and those of single processes.

libfaketime answers where they ask what time it is. What measures durations (CLOCK_MONOTONIC) goes on, as on a
machine whose clock somebody sets.
"""

import math
import os
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from apps.local.servers.leashed import Command
from apps.local.servers.postgres import PostgresServer

MISSING = (
    "libfaketime is missing, by which a process's clock is moved. On Debian: apt-get install libfaketime"
)
_PLACES = ("usr/lib/*/faketime", "usr/lib/faketime", "usr/lib64/faketime", "usr/local/lib/faketime")
_COMMON = {"FAKETIME_DONT_FAKE_MONOTONIC": "1", "FAKETIME_NO_CACHE": "1", "NO_FAKE_STAT": "1"}
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108  # where libfaketime keeps what it keeps


def library() -> Path | None:
    """Return libfaketime where it is installed."""
    found = (path for place in _PLACES for path in sorted(Path("/").glob(f"{place}/libfaketime.so.1")))
    return next(found, None)


class ServerClock:
    """The clock of a server, so many times as fast as the world's.

    It is set by a file's time of change, from which libfaketime counts on since the start of the process, so
    each start has to be told the time. A file to read would be opened in PostgreSQL's signal handlers too.
    """

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self._file = Path()
        self._reads, self._since = math.ceil(time.time()), time.monotonic()

    def start(self, file: Path) -> dict[str, str]:
        """Have it go on for a process that starts now; return what that needs in its environment."""
        passed = (time.monotonic() - self._since) * self.rate
        self._reads, self._since = math.ceil(self._reads + passed), time.monotonic()
        self._file = file
        self._file.touch()
        self._write()
        return _COMMON | {
            "FAKETIME": f"% x{self.rate:g}",
            "FAKETIME_FOLLOW_FILE": str(file),
            "FAKETIME_DONT_RESET": "1",
        }

    def move(self, seconds: int) -> None:
        """Set it forward or back while the server runs."""
        self._reads += seconds
        self._write()

    def _write(self) -> None:
        os.utime(self._file, (self._reads, self._reads))


class MovablePostgres(PostgresServer):
    """PostgreSQL with a clock of its own."""

    def __init__(self, directory: Path, preload: Path, rate: float) -> None:
        super().__init__(directory)
        self.clock = ServerClock(rate)
        self.pids: set[int] = set()
        self._preload = preload

    def _command(self, port: int) -> Command:
        command = super()._command(port)
        variables = self.clock.start(self.home / "clock") | {"LD_PRELOAD": str(self._preload)}
        settings = [f"{name}={value}" for name, value in variables.items()]
        return replace(command, arguments=["env", *settings, *command.arguments])

    def _remember(self, port: int) -> None:
        super()._remember(port)
        if (pid := self.pid) is not None:
            self.pids.add(pid)


class OwnClocks:
    """The clocks of single processes, by name; each process reads in a file how far its own is off."""

    def __init__(self, directory: Path, preload: Path) -> None:
        self._directory = directory
        self._preload = preload

    def environment(self, name: str) -> dict[str, str]:
        """Return what a process needs in its environment, so that its clock may be moved."""
        if not self._file(name).exists():
            self.set(name, 0)
        return _COMMON | {"LD_PRELOAD": str(self._preload), "FAKETIME_TIMESTAMP_FILE": str(self._file(name))}

    def set(self, name: str, seconds: int) -> None:
        """Have a process's clock be so far ahead, or behind; it is seen at once."""
        fresh = self._file(f"{name}.new")
        fresh.write_text(f"{seconds:+d}\n", encoding="ascii")
        fresh.replace(self._file(name))

    def _file(self, name: str) -> Path:
        return self._directory / f"clock-{name}"


def sweep(pids: Iterable[int]) -> None:
    """Remove what libfaketime leaves in the machine's shared memory for each process that is gone."""
    for pid in pids:
        for left in (f"sem.faketime_sem_{pid}", f"faketime_shm_{pid}"):
            (_SHARED_MEMORY / left).unlink(missing_ok=True)
