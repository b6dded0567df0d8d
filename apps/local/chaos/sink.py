"""The witness: append-only files outside every server of the rig, written by jobs and by the producer.

One `write` a line on a file opened for appending: a line survives the death of its writer, and the ledger
cannot touch it. The harness judges by it; it never asks the ledger what the ledger did.
"""

import os
import time
from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from pathlib import Path

DIRECTORY = "BACKLINE_CHAOS_SINK"  # the variable that names the sink to the rig's processes
_ENOUGH = "enough"
_WRITTEN_WITHIN_S = 5.0  # of its moment: lines stand nearly in order


@dataclass(frozen=True, slots=True)
class Line:
    """Something that happened."""

    at: float
    what: str
    job: str
    kind: str
    pid: int


def tell(what: str, job: object, kind: str) -> None:
    """Write down what happens to a job, in the process it happens in."""
    os.write(_file(os.environ[DIRECTORY]), f"{now():.4f} {what} {job} {kind} {os.getpid()}\n".encode())


def now() -> float:
    """Return the witness's time: of a clock that all processes share and no fault moves."""
    return time.monotonic()


def once(key: object) -> bool:
    """Accept a key the first time, as a payment provider does; refuse it ever after."""
    try:
        os.close(os.open(Path(os.environ[DIRECTORY], "keys", str(key)), os.O_CREAT | os.O_EXCL | os.O_WRONLY))
    except FileExistsError:
        return False
    return True


def has_enough() -> bool:
    """Say whether the harness has seen enough: a load goes on until then."""
    return Path(os.environ[DIRECTORY], _ENOUGH).exists()


class Sink:
    """The harness's side: read what was written so far."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        (directory / "keys").mkdir(parents=True)
        self._path = directory / "lines"
        self._path.touch()
        self._read_to = 0
        self._lines: list[Line] = []
        self._by_what: dict[str, list[Line]] = defaultdict(list)

    def ask_for(self, more: bool) -> None:
        """Let a load that lasts go on, or end."""
        if more:
            (self.directory / _ENOUGH).unlink(missing_ok=True)
        else:
            (self.directory / _ENOUGH).touch()

    def lines(self, *whats: str) -> list[Line]:
        """Return every line written until now, or those that tell of this."""
        self._read_on()
        return [line for line in self._lines if line.what in whats] if whats else self._lines

    def since(self, at: float, what: str) -> list[Line]:
        """Return the lines that tell of this from a moment on, without a look at those before.

        A throughput is measured by asking again and again: to read a whole rig's history each time would take
        the processors from what is measured.
        """
        self._read_on()
        told = self._by_what[what]
        start = bisect_left(told, at - _WRITTEN_WITHIN_S, key=lambda line: line.at)
        return [line for line in told[start:] if line.at >= at]

    def keys(self) -> set[str]:
        """Return the keys that were accepted."""
        return {path.name for path in (self.directory / "keys").iterdir()}

    def working(self) -> dict[int, Line]:
        """Return by process the job that began there last and did not end there."""
        busy: dict[int, Line] = {}
        for line in self.lines("begun", "done"):
            if line.what == "begun":
                busy[line.pid] = line
            elif line.pid in busy and busy[line.pid].job == line.job:
                del busy[line.pid]
        return busy

    def _read_on(self) -> None:
        with self._path.open("rb") as file:
            file.seek(self._read_to)
            text = file.read()
        whole = text[: text.rfind(b"\n") + 1]
        self._read_to += len(whole)
        for line in map(_parsed, whole.decode().splitlines()):
            self._lines.append(line)
            self._by_what[line.what].append(line)


def _parsed(line: str) -> Line:
    at, what, job, kind, pid = line.split(" ")
    return Line(float(at), what, job, kind, int(pid))


@cache
def _file(directory: str) -> int:
    return os.open(Path(directory, "lines"), os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
