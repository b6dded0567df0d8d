"""A RabbitMQ node of our own, from the system's package: for tests, beside whatever else runs here.

It listens on loopback, keeps its data in its own directory, and is known by pid. Two nodes share nothing: no
port mapper (epmd), no cookie, no name that anybody could look up.
"""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import amqp

from apps.local.servers.errors import ServerError
from apps.local.servers.locate import Program
from apps.local.servers.pid_file_server import PidFileServer
from apps.local.servers.ports import LOOPBACK, free_port

if TYPE_CHECKING:
    from apps.local.servers.leashed import Command

_HOMES = ("usr/lib/rabbitmq/lib/rabbitmq_server-*", "opt/rabbitmq_server-*")
_USER = "backline"
_NODE = "backline@localhost"  # the data is bound to it; nobody looks it up, so that every node may have it
_PATIENCE_S = 5.0


def rabbitmq_program() -> Program:
    """Return the `rabbitmq-server` to run: of the newest release that the system has."""
    found = [
        path for pattern in _HOMES for path in Path("/").glob(f"{pattern.lstrip('/')}/sbin/rabbitmq-server")
    ]
    if not found:
        raise ServerError(
            "No RabbitMQ was found.", "Run: apt-get install --no-install-recommends rabbitmq-server"
        )
    newest = max(found, key=lambda path: [int(number) for number in re.findall(r"\d+", path.parts[-3])])
    return Program(newest, newest.parts[-3].rpartition("-")[2], "system")


class RabbitServer(PidFileServer):
    """A RabbitMQ node in `directory`, reachable at `url()`."""

    name = "RabbitMQ"
    configuration_name = "rabbitmq.conf"
    port_line = r"^listeners\.tcp\.1 = [\d.]+:(\d+)$"
    stop_signal = signal.SIGTERM
    immediate_signal = signal.SIGKILL
    stop_patience = 30.0
    start_patience = 120.0  # Erlang loads hundreds of modules; on a busy machine that takes a while

    def url(self) -> str:
        """Return the address of its only virtual host, with the password in it."""
        return f"amqp://{_USER}:{quote(self.password, safe='')}@{LOOPBACK}:{self.port}//"

    @property
    def _mark(self) -> str:
        return str(self.home)

    def _prepare(self) -> None:
        program = rabbitmq_program()
        self.version = program.version
        self._executable = program.executable
        self._make_own_directory("data")

    def _command(self, port: int) -> Command:
        configuration = {
            "listeners.tcp.1": f"{LOOPBACK}:{port}",
            "default_user": _USER,
            "default_pass": self.password,  # taken when the data is new
            "log.console.level": "info",
            **self.settings,
        }
        lines = [f"{name} = {value}\n" for name, value in configuration.items()]
        self._write_own(self.configuration_name, "# Written at every start.\n" + "".join(lines))
        self._write_own("enabled_plugins", "[].\n")
        return self._leashed_command(self._executable, environment=self._environment())

    def _environment(self) -> dict[str, str]:
        """Tell RabbitMQ's scripts where everything is, and Erlang to do without its port mapper."""
        port = free_port()  # nodes of a cluster would talk there
        erlang = (
            f"-sname {_NODE}",
            "-start_epmd false",
            f"-erl_epmd_port {port}",
            "-kernel inet_dist_use_interface {127,0,0,1}",
            f"-backline {self.home}",  # stands on the command line, by which we know our own
        )
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "LC_ALL": "C.UTF-8",
            "HOME": str(self.home),  # Erlang's cookie
            "detached": "yes",  # the script becomes the node instead of staying as its parent
            "ERL_FLAGS": "-start_epmd false",
            "RABBITMQ_NODENAME": _NODE,
            "RABBITMQ_DIST_PORT": str(port),
            "RABBITMQ_MNESIA_BASE": str(self.home / "data"),
            "RABBITMQ_LOG_BASE": str(self.home / "data"),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_CONFIG_FILE": str(self._configuration),
            "RABBITMQ_CONF_ENV_FILE": str(self.home / "none"),  # not the system's
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.home / "enabled_plugins"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": " ".join(erlang),
        }

    def _answers(self, port: int) -> bool:
        if self.process() is None:
            return False
        connection = amqp.Connection(
            f"{LOOPBACK}:{port}", userid=_USER, password=self.password, connect_timeout=_PATIENCE_S
        )
        try:
            connection.connect()
        except (OSError, amqp.AMQPError):
            return False
        connection.close()
        return True
