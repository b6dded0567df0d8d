"""Turn what a server wrote before it died into one sentence and its mend.

The table is data: a pattern in the server's log, what it means, what to do. First match wins.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from apps.local.servers.errors import PortTakenError, ServerError, StillEndingError

if TYPE_CHECKING:
    from pathlib import Path

_TAIL_BYTES = 64_000


@dataclass(frozen=True)
class Meaning:
    """A pattern and what it means; `{server}`, `{home}` and the pattern's groups may be used."""

    pattern: str
    what: str
    mend: str
    error: type[ServerError] = ServerError


MEANINGS = (
    Meaning(
        r"could not (?:create|get|attach) shared memory[^\n]*(?:No space left|Cannot allocate)"
        r"|could not map anonymous shared memory|could not resize shared memory segment",
        "{server} got no shared memory.",
        "Free memory, or lower shared_buffers.",
    ),
    Meaning(
        r"No space left on device|Disk quota exceeded|not enough space|write error saving DB",
        "The disk of {home} is full.",
        "Free some space there and start again; nothing that was committed is lost.",
    ),
    Meaning(
        r"Address already in use|eaddrinuse",
        "{server} could not start: another program listens on that port already.",
        "Name another port, or stop that program.",
        PortTakenError,
    ),
    Meaning(
        r"initialized by PostgreSQL version (\d+)[^\n]*compatible with this version ([\d.]+)",
        "The data in {home} was made by PostgreSQL {1}, but PostgreSQL {2} is installed.",
        "Install PostgreSQL {1} and set BACKLINE_PG_BIN, or run pg_upgrade, or start afresh: make clean.",
    ),
    Meaning(
        r"Can't handle RDB format version (\d+)",
        "The data in {home} was made by a newer server than the one installed.",
        "Install that server again, or remove that directory: jobs live in PostgreSQL.",
    ),
    Meaning(
        r"(?:has invalid permissions|has wrong ownership)",
        "The data directory in {home} has the wrong owner or mode.",
        "Give it back to the account that made it, mode 700.",
    ),
    Meaning(
        r"Bad file format reading the append only file|Unexpected end of file reading the append only",
        "The append-only file in {home} is damaged.",
        "Remove that directory: jobs live in PostgreSQL and are published again.",
    ),
    Meaning(
        r"could not locate (?:a valid|required) checkpoint record|could not open file \"global/",
        "The data in {home} is damaged.",
        "Restore a backup, or start afresh: make clean.",
    ),
    Meaning(
        r"cannot open shared object file|error while loading shared libraries: ([^\s:]+)",
        "{server} lacks a system library.",
        "Install it (see the log), or point BACKLINE_PG_BIN to another PostgreSQL.",
    ),
    Meaning(
        r"lock file \"[^\"]*\" already exists|pre-existing shared memory block",
        "An earlier {server} still runs on {home}.",
        "Wait a few seconds and start again; if that does not help: make clean.",
        StillEndingError,
    ),
    Meaning(
        r"Permission denied",
        "{server} may not read or write its files in {home}.",
        "Check the owner and mode of that directory.",
    ),
)


def explain(server: str, home: Path, output: str) -> ServerError:
    """Return the error that says what `output`, the last words of `server`, means."""
    for meaning in MEANINGS:
        match = re.search(meaning.pattern, output)
        if match:
            words = [match.group(0), *(group or "" for group in match.groups())]
            return meaning.error(
                meaning.what.format(*words, server=server, home=home),
                meaning.mend.format(*words, server=server, home=home),
            )
    return ServerError(f"{server} did not start: {_last_words(output)}.", f"See the log in {home}.")


def tail(log: Path) -> str:
    """Return the end of a log."""
    try:
        with log.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _TAIL_BYTES))
            return file.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return ""


def _last_words(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    loud = [line for line in lines if re.search(r"\b(FATAL|PANIC|ERROR|error|Fatal)\b", line)]
    return (loud or lines or ["it wrote nothing"])[-1].rstrip(".")
