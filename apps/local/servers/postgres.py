"""The embedded PostgreSQL: a private cluster on a loopback port, with a password, on a leash."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import psutil
import psycopg
from psycopg import sql

from apps.local.servers.errors import ServerError
from apps.local.servers.locate import postgres_program
from apps.local.servers.ports import LOOPBACK
from apps.local.servers.postgres_cluster import ROLE, ensure_cluster, refuse_another_major
from apps.local.servers.postgres_settings import configuration
from apps.local.servers.private_files import read_if_there
from apps.local.servers.programs import runnable
from apps.local.servers.running import end_orphans, running
from apps.local.servers.server import Server

if TYPE_CHECKING:
    from apps.local.servers.leashed import Command


class PostgresServer(Server):
    """PostgreSQL in `directory`, reachable at `url()` by the superuser `backline`."""

    name = "PostgreSQL"
    immediate_signal = signal.SIGQUIT  # no checkpoint: the next start recovers
    stop_signal = signal.SIGINT  # fast shutdown: roll back, checkpoint, end
    stop_patience = 25.0
    start_patience = 600.0  # recovery after a crash replays up to max_wal_size

    def url(self, database: str = "backline") -> str:
        """Return the address of `database`, with the password in it."""
        path = quote(database, safe="")
        return f"postgresql://{ROLE}:{self.password}@{LOOPBACK}:{self.port}/{path}"

    def create_database(self, name: str) -> bool:
        """Create the database `name` unless it exists; return whether it was made now."""
        with psycopg.connect(self.url("postgres"), autocommit=True, connect_timeout=10) as connection:
            try:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
            except (psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
                return False
            return True

    def process(self) -> psutil.Process | None:
        """Return the postmaster if it runs on this directory."""
        lines = self._pid_file_lines()
        if not lines or not lines[0].strip().isdigit():
            return None
        return running(int(lines[0]), self.account, str(self.data))

    @property
    def data(self) -> Path:
        """Return PostgreSQL's data directory."""
        return self.home / "data"

    def _prepare(self) -> None:
        program = postgres_program()
        self.version = program.version
        refuse_another_major(self.home, program.major, program.version)
        self._executable = runnable(program, self.account, self._notice)
        options = ["--no-sync"] if self.settings.get("fsync") == "off" else []
        ensure_cluster(self.home, self._executable, self.account, self.password, options)
        self._make_own_directory("socket")

    def _running_port(self) -> int | None:
        if self.process() is None:
            return None
        lines = self._pid_file_lines()
        return int(lines[3]) if len(lines) > 3 and lines[3].strip().isdigit() else None

    def _command(self, port: int) -> Command:
        self._tidy_up_after_a_crash()
        self._write_own("data/backline.conf", configuration(port, self.home / "socket", self.settings))
        file = f"config_file={self.data / 'backline.conf'}"
        return self._leashed_command(self._executable, "-D", self.data, "-c", file)

    def _answers(self, port: int) -> bool:
        lines = self._pid_file_lines()
        if len(lines) < 8 or lines[7].strip() != "ready" or lines[3].strip() != str(port):
            return False
        self._port = port
        try:
            with psycopg.connect(self.url("postgres"), connect_timeout=5) as connection:
                shown = connection.execute("SHOW data_directory").fetchone()
        except psycopg.OperationalError as error:
            self._refuse_wrong_password(error)
            return False
        return shown is not None and Path(shown[0]).resolve() == self.data.resolve()

    def _refuse_wrong_password(self, error: psycopg.OperationalError) -> None:
        if "password authentication failed" in str(error):
            raise ServerError(
                f"The password in {self.home / 'password'} is not the one of this PostgreSQL.",
                "Put the right one there, or start afresh: make clean.",
            ) from error

    def _pid_file_lines(self) -> list[str]:
        return (read_if_there(self.data / "postmaster.pid") or "").splitlines()

    def _tidy_up_after_a_crash(self) -> None:
        """End orphaned backends, and remove a pid file whose pid now belongs to another program.

        PostgreSQL would trust the latter. A file whose process is simply gone stays: PostgreSQL looks
        there for the memory that was left behind.
        """
        lines = self._pid_file_lines()
        if not lines or self.process() is not None:
            return
        end_orphans(self.account, self.data.resolve())
        if lines[0].strip().isdigit() and psutil.pid_exists(int(lines[0])):
            (self.data / "postmaster.pid").unlink(missing_ok=True)
