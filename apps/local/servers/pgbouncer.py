"""A PgBouncer of our own in transaction mode, from the system's package: for tests."""

from __future__ import annotations

import shutil
import signal
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import psycopg

from apps.local.servers.errors import ServerError
from apps.local.servers.locate import Program
from apps.local.servers.pid_file_server import PidFileServer
from apps.local.servers.ports import LOOPBACK
from apps.local.servers.postgres_cluster import ROLE

if TYPE_CHECKING:
    from apps.local.servers.leashed import Command
    from apps.local.servers.postgres import PostgresServer

_PLACES = "/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin"


def pgbouncer_program() -> Program:
    """Return the `pgbouncer` that the system has."""
    found = shutil.which("pgbouncer", path=_PLACES)
    if found is None:
        raise ServerError("No PgBouncer was found.", "Run: apt-get install --no-install-recommends pgbouncer")
    return Program(Path(found), "", "system")


class PgBouncerServer(PidFileServer):
    """A PgBouncer in `directory`, in front of one PostgreSQL, reachable at `url()`."""

    name = "PgBouncer"
    configuration_name = "pgbouncer.ini"
    port_line = r"^listen_port = (\d+)$"
    stop_signal = signal.SIGINT  # waits for open transactions
    immediate_signal = signal.SIGKILL
    stop_patience = 5.0
    start_patience = 60.0

    def __init__(self, directory: Path, postgres: PostgresServer) -> None:
        super().__init__(directory)
        self._postgres = postgres

    def url(self, database: str = "backline") -> str:
        """Return the address of a database by way of the pool; `pgbouncer` is its own console."""
        path = quote(database, safe="")
        return f"postgresql://{ROLE}:{self._postgres.password}@{LOOPBACK}:{self.port}/{path}"

    def _prepare(self) -> None:
        self._executable = pgbouncer_program().executable

    def _command(self, port: int) -> Command:
        options = {
            "listen_addr": LOOPBACK,
            "listen_port": str(port),
            "unix_socket_dir": "",
            "auth_type": "scram-sha-256",
            "auth_file": str(self.home / "users.txt"),
            "admin_users": ROLE,
            "pool_mode": "transaction",
            "server_round_robin": "1",  # every session serves every client
            "default_pool_size": "8",
            "max_client_conn": "200",
            **self.settings,
        }
        lines = [f"{name} = {value}\n" for name, value in options.items()]
        target = f"* = host={LOOPBACK} port={self._postgres.port}\n"
        self._write_own("users.txt", f'"{ROLE}" "{self._postgres.password}"\n')
        self._write_own(self.configuration_name, "[databases]\n" + target + "[pgbouncer]\n" + "".join(lines))
        return self._leashed_command(self._executable, self._configuration)

    def _answers(self, port: int) -> bool:
        if self.process() is None:
            return False
        self._port = port
        try:
            with psycopg.connect(self.url("pgbouncer"), autocommit=True, connect_timeout=5) as console:
                console.execute("SHOW VERSION")
        except psycopg.OperationalError:
            return False
        return True
