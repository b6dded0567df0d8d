"""Real servers in directories of their own, gone after each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from apps.local.servers.postgres import PostgresServer
from apps.local.servers.valkey import ValkeyServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from apps.local.servers.server import Server

QUICK = {"fsync": "off", "shared_buffers": "32MB", "max_connections": "20"}


@pytest.fixture(autouse=True)
def nothing_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests start their own servers, whatever the session runs on."""
    for name in ("DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL", "BACKLINE_STATE_DIR", "DJANGO_SECRET_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def said() -> list[str]:
    """What the servers told the person."""
    return []


@pytest.fixture
def started() -> Iterator[list[Server]]:
    """Servers to remove after the test."""
    servers: list[Server] = []
    yield servers
    for server in servers:
        server.remove()


@pytest.fixture
def make_postgres(tmp_path: Path, said: list[str], started: list[Server]) -> Callable[..., PostgresServer]:
    """Make a PostgreSQL in this test's directory, without starting it."""

    def make(name: str = "pg", port: int | None = None) -> PostgresServer:
        server = PostgresServer(tmp_path / name, port, settings=QUICK, notice=said.append)
        started.append(server)
        return server

    return make


@pytest.fixture
def make_valkey(tmp_path: Path, said: list[str], started: list[Server]) -> Callable[..., ValkeyServer]:
    """Make a Valkey in this test's directory, without starting it."""

    def make(name: str = "valkey", port: int | None = None) -> ValkeyServer:
        server = ValkeyServer(tmp_path / name, port, notice=said.append)
        started.append(server)
        return server

    return make
