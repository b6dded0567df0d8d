"""A machine for each test, killed and removed after it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from apps.local.servers.postgres import PostgresServer
from apps.local.servers.valkey import ValkeyServer
from tests.acceptance.machine import Machine, started


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder, and keep them on one xdist worker."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.acceptance)
            item.add_marker(pytest.mark.xdist_group("acceptance"))


@pytest.fixture
def machine(request: pytest.FixtureRequest, durable_postgres: PostgresServer) -> Iterator[Machine]:
    """Return a machine with servers up and no process yet; `on_each_broker` names its broker."""
    with started(durable_postgres, getattr(request, "param", ValkeyServer)) as machine:
        yield machine
        assert machine.refused_commands() == []
