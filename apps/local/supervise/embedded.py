"""The servers of `manage.py up`: those that the environment names, embedded ones for the rest."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from apps.lib import redact
from apps.local.servers.addresses import forget, record
from apps.local.servers.errors import ServerError
from apps.local.servers.postgres import PostgresServer
from apps.local.servers.valkey import ValkeyServer

if TYPE_CHECKING:
    from apps.local.servers.layout import Layout
    from apps.local.servers.server import Server
    from apps.local.supervise.screen import Screen

_LOOK_EVERY = 0.5
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 30.0


class Servers:
    """Starts what is needed, in order, and stops it in the opposite order."""

    def __init__(self, layout: Layout, screen: Screen, holds: tuple[int, ...]) -> None:
        self.environment: dict[str, str] = {}
        self._layout = layout
        self._screen = screen
        self._postgres = None
        self._valkey = None
        if not os.environ.get("DATABASE_URL"):
            self._postgres = PostgresServer(layout.postgres, holds=holds, notice=screen.note)
        if not (os.environ.get("REDIS_URL") or os.environ.get("CELERY_BROKER_URL")):
            self._valkey = ValkeyServer(layout.valkey, holds=holds, notice=screen.note)
        self._look_at = 0.0
        self._pause = _FIRST_PAUSE

    def start(self) -> None:
        """Bring up what the environment does not name, and write its addresses down."""
        self._show_replaced()
        if self._postgres is not None:
            self._start(self._postgres)
            self._postgres.create_database("backline")
            self.environment["DATABASE_URL"] = self._postgres.url()
        if self._valkey is not None:
            self._start(self._valkey)
            self.environment["REDIS_URL"] = self._valkey.url()
        record(self._layout.project, self.environment)

    def lifelines(self) -> tuple[int, ...]:
        """Return what a child's leash holds so that the servers outlive the child."""
        return tuple(line for server in self._embedded() for line in server.lifeline)

    def look(self) -> bool:
        """Start a server again that died, at the same address; return whether one had died."""
        if time.monotonic() < self._look_at:
            return False
        self._look_at = time.monotonic() + _LOOK_EVERY
        dead = [server for server in self._embedded() if server.pid is None]
        for server in dead:
            self._start_again(server)
        return bool(dead)

    def stop(self, seconds: float) -> None:
        """Stop in order within about `seconds`."""
        deadline = time.monotonic() + seconds
        for server in reversed(self._embedded()):
            server.stop(patience=max(2.0, deadline - time.monotonic()))
        forget(self._layout.project)

    def stop_at_once(self) -> None:
        """Stop without waiting for anything; PostgreSQL recovers at its next start."""
        for server in reversed(self._embedded()):
            server.stop(immediate=True)
        forget(self._layout.project)

    def _embedded(self) -> list[Server]:
        return [server for server in (self._postgres, self._valkey) if server is not None]

    def _start(self, server: Server) -> None:
        with self._screen.timed() as words:
            server.start()
            words.append(f"{server.name} {server.version} ready")

    def _start_again(self, server: Server) -> None:
        self._screen.failed(f"{server.name} died; it starts again", f"Its log: {server.log}")
        try:
            self._start(server)
            self._pause = _FIRST_PAUSE
        except ServerError as error:
            self._screen.failed(error.what, error.mend)
            self._look_at = time.monotonic() + self._pause
            self._pause = min(self._pause * 2, _LONGEST_PAUSE)

    def _show_replaced(self) -> None:
        for name in ("DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL"):
            if os.environ.get(name):
                self._screen.done(f"{name} is set: {redact.scrubbed(os.environ[name])}")
