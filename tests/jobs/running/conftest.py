"""Sessions that are watched, as a worker's are."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.db import connection
from django.db.backends.signals import connection_created

from apps.jobs.origin import running
from apps.jobs.sessions import watch
from tests.jobs.marks import execute


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
