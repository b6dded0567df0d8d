"""How one sees that a process is ready: it answers on a port, or its log says so."""

from __future__ import annotations

import http.client
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from apps.local.servers.explain import tail
from apps.local.servers.ports import LOOPBACK

if TYPE_CHECKING:
    from pathlib import Path

_PATIENCE = 2.0


class Probe(Protocol):
    """A question to a process that just started."""

    def __call__(self, log: Path) -> bool:
        """Tell whether the process that writes `log` is ready."""


@dataclass(frozen=True)
class Answers:
    """Ready when it answers HTTP with anything but a server error."""

    port: int
    path: str

    def __call__(self, log: Path) -> bool:
        """Ask once; a page may take a moment when it is the first one."""
        del log
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=_PATIENCE)
        try:
            connection.request("GET", self.path)
            return connection.getresponse().status < 500
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


@dataclass(frozen=True)
class Says:
    """Ready when its log holds the pattern."""

    pattern: str

    def __call__(self, log: Path) -> bool:
        """Look at what the process wrote since it was started."""
        return re.search(self.pattern, tail(log)) is not None
