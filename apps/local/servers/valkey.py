"""The embedded Valkey: the broker, on a loopback port, with a password and an append-only file."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import redis

from apps.local.servers import valkey_users
from apps.local.servers.locate import valkey_program
from apps.local.servers.pid_file_server import PidFileServer
from apps.local.servers.ports import LOOPBACK
from apps.local.servers.programs import runnable

if TYPE_CHECKING:
    from apps.local.servers.leashed import Command

BROKER_SETTINGS = {
    "protected-mode": "yes",
    "daemonize": "no",
    "databases": "64",
    "appendonly": "yes",
    "appendfsync": "everysec",
    "aof-load-truncated": "yes",
    "save": "300 10",
    # A broker that evicts keys loses messages without a word.
    "maxmemory-policy": "noeviction",
    # Keeps the path of the configuration on the command line, by which we know our own.
    "set-proc-title": "no",
    "logfile": '""',
}


class ValkeyServer(PidFileServer):
    """Valkey (or Redis) in `directory`, reachable at `url()`."""

    name = "Valkey"
    configuration_name = "valkey.conf"
    port_line = r"^port (\d+)$"
    stop_signal = signal.SIGTERM
    immediate_signal = signal.SIGKILL
    stop_patience = 15.0
    start_patience = 120.0  # reading a large append-only file

    def url(self, database: int = 0) -> str:
        """Return the address of the numbered database, with the password in it."""
        return f"redis://:{self.password}@{LOOPBACK}:{self.port}/{database}"

    def operator_url(self, database: int = 0) -> str:
        """Return the address for administration, which no process of Backline is given."""
        return f"redis://operator:{self._secret('operator-password')}@{LOOPBACK}:{self.port}/{database}"

    def _prepare(self) -> None:
        program = valkey_program()
        self.version = program.version
        self._executable = runnable(program, self.account, self._notice)
        self._make_own_directory("data")

    def _command(self, port: int) -> Command:
        where = {
            "bind": LOOPBACK,
            "port": str(port),
            "dir": _quoted(str(self.home / "data")),
        }
        lines = [f"{name} {value}" for name, value in {**BROKER_SETTINGS, **where, **self.settings}.items()]
        operator = self._secret("operator-password")
        lines += valkey_users.lines(password=self.password, operator_password=operator)
        self._write_own(self.configuration_name, "# Written at every start.\n" + "\n".join(lines) + "\n")
        return self._leashed_command(self._executable, self._configuration)

    def _answers(self, port: int) -> bool:
        if self.process() is None:
            return False
        client = redis.Redis(
            host=LOOPBACK, port=port, password=self.password, socket_timeout=5, socket_connect_timeout=5
        )
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
