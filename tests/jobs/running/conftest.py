"""The signals of a worker's process in the process of the test."""

import signal
from collections.abc import Iterator

import pytest
from billiard import common


@pytest.fixture
def in_a_child() -> Iterator[None]:
    """Let SIGTERM end this process as it ends a child of a pool; undo that afterwards."""
    before = signal.signal(signal.SIGTERM, common._shutdown_cleanup)  # type: ignore[attr-defined]  # missing from the stubs
    yield
    signal.signal(signal.SIGTERM, before)
    common.clear_terminate_handler_fired()  # type: ignore[attr-defined]  # missing from the stubs
