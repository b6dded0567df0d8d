"""Facts that tests commit are forgotten after them, and so are their jobs."""

from collections.abc import Iterator

import pytest
from django.db import connection, connections

from tests.events import orders  # noqa: F401  # each is a Celery task from here on


@pytest.fixture
def committed(db: None) -> Iterator[None]:
    """Let the test commit, over a connection outside the transaction that Django rolls back."""
    rolled_back = connections["default"]
    del connections["default"]
    yield
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM events_delivery; DELETE FROM events_fact; DELETE FROM jobs_bundle; "
            "DELETE FROM jobs_unique_key; DELETE FROM jobs_job; DELETE FROM jobs_action"
        )
    connection.close()
    connections["default"] = rolled_back
