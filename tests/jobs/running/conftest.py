"""The signals of a worker's process, and its watched sessions, in the process of the test."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from billiard import common
from django.conf import LazySettings
from django.db import connection
from django.db.backends.signals import connection_created

from apps.jobs.origin import running
from apps.jobs.sessions import watch
from tests.jobs.marks import execute


@pytest.fixture
def in_a_child() -> Iterator[None]:
    """Let SIGTERM end this process as it ends a child of a pool; undo that afterwards."""
    before = signal.signal(signal.SIGTERM, common._shutdown_cleanup)  # type: ignore[attr-defined]  # missing from the stubs
    yield
    signal.signal(signal.SIGTERM, before)
    common.clear_terminate_handler_fired()  # type: ignore[attr-defined]  # missing from the stubs


@pytest.fixture
def watched(committed: None, settings: LazySettings, tmp_path: Path) -> Iterator[None]:
    """Watch sessions as a worker does."""
    settings.BACKLINE_ARTIFACTS_DIR = tmp_path
    execute("CREATE ROLE odd_body")
    execute(
        "CREATE FUNCTION odd_search_path() RETURNS void LANGUAGE sql AS "
        "$$ SELECT set_config('search_path', 'pg_catalog', false) $$"
    )
    connection.close()
    connection_created.connect(watch.start(attempt=running.get), weak=False, dispatch_uid="watch")
    yield
    connection_created.disconnect(dispatch_uid="watch")
    connection.close()
    execute("DROP FUNCTION odd_search_path; DROP ROLE odd_body")
    assert not watch.changed
