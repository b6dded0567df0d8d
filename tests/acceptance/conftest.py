"""A machine for each test, killed and removed after it."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.machine import Machine


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder, and keep them on one xdist worker."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.acceptance)
            item.add_marker(pytest.mark.xdist_group("acceptance"))


@pytest.fixture
def machine() -> Iterator[Machine]:
    """Return a machine with servers up and no process yet."""
    with tempfile.TemporaryDirectory(prefix="backline-machine-") as directory:
        machine = Machine(Path(directory))
        try:
            machine.start()
            yield machine
        finally:
            machine.stop()
