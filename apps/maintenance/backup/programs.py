"""pg_dump and pg_restore: found beside the server's programs or on PATH, and told where the database is."""

import os
import re
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from django.conf import settings
from django.db import connection
from psycopg.pq import Conninfo

from apps.jobs import Discard

APPLICATION: Final = "backline backup"  # how PostgreSQL knows the sessions of ours
_LOOK_EVERY_S: Final = 0.5
_LONGEST_ERROR: Final = 1000


class ProgramFailed(Exception):  # noqa: N818
    """A program of PostgreSQL ended with an error; what it said is the message."""


@dataclass(frozen=True, slots=True)
class Programs:
    """Where pg_dump and pg_restore of one version are."""

    directory: Path

    def run(
        self, name: str, *arguments: str, watch: Callable[[], None], output: IO[bytes] | None = None
    ) -> None:
        """Run one of them to its end; call ``watch`` twice a second, and end the program when that raises.

        Raise ProgramFailed with what it said when it fails.
        """
        process = subprocess.Popen(
            [self.directory / name, *arguments],
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=output or subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        try:
            said = _wait(process, watch)
        finally:
            if process.poll() is None:
                process.kill()
                process.communicate()
        if process.returncode != 0:
            words = said.decode(errors="replace").strip()[-_LONGEST_ERROR:]
            raise ProgramFailed(f"{name} ended with code {process.returncode}: {words or 'it said nothing'}")


def find_programs(server: int) -> Programs:
    """Return programs that can back up a server of this major version.

    Raise Discard, since no retry finds any, when there are none.
    """
    looked: Sequence[Path] = settings.POSTGRES_PROGRAMS
    for directory in looked:
        if _major_of(directory / "pg_dump") >= server and os.access(directory / "pg_restore", os.X_OK):
            return Programs(directory)
    places = ", ".join(map(str, looked)) or "any place"
    raise Discard(
        f"There is no pg_dump and pg_restore of PostgreSQL {server} or newer in {places}. "
        f"Install the client programs of PostgreSQL {server}, or point BACKLINE_PG_BIN to their directory."
    )


def environment() -> Mapping[str, str]:
    """Return the environment in which libpq finds the database: nothing of it stands on a command line."""
    variables = {
        option.keyword.decode(): option.envvar.decode() for option in Conninfo.get_defaults() if option.envvar
    }
    params = connection.get_connection_params()
    known = {variables[name]: str(value) for name, value in params.items() if name in variables and value}
    return {**os.environ, **known, "PGAPPNAME": APPLICATION}


def _wait(process: "subprocess.Popen[bytes]", watch: Callable[[], None]) -> bytes:
    while True:
        try:
            return process.communicate(timeout=_LOOK_EVERY_S)[1]
        except subprocess.TimeoutExpired:
            watch()


def _major_of(program: Path) -> int:
    """Return a program's major version; 0 when it does not run."""
    try:
        answer = subprocess.run(
            [program, "--version"], capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return 0
    found = re.search(r"\(PostgreSQL\) (\d+)", answer.stdout)
    return int(found[1]) if found else 0
