"""A server with one configuration, whose leash writes its pid into a file: Valkey, RabbitMQ, PgBouncer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from apps.local.servers.private_files import read_if_there
from apps.local.servers.running import running
from apps.local.servers.server import Server

if TYPE_CHECKING:
    from pathlib import Path

    import psutil


class PidFileServer(Server):
    """A server whose process is found by its pid file and by `_mark` on its command line."""

    configuration_name: ClassVar[str]
    port_line: ClassVar[str]  # a pattern; its group is the port in the configuration

    def process(self) -> psutil.Process | None:
        """Return the server's process if it runs on this directory."""
        text = (read_if_there(self._pid_file) or "").strip()
        return running(int(text), self.account, self._mark) if text.isdigit() else None

    @property
    def _mark(self) -> str:
        return str(self._configuration)

    @property
    def _configuration(self) -> Path:
        return self.home / self.configuration_name

    @property
    def _pid_file(self) -> Path:
        return self.directory / f"{self.name.lower()}.pid"

    def _running_port(self) -> int | None:
        if self.process() is None:
            return None
        found = re.search(self.port_line, read_if_there(self._configuration) or "", re.MULTILINE)
        return int(found.group(1)) if found else None
