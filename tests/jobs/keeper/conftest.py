"""What tests of the keeper start from."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.db import connection, transaction

from apps.jobs.keeper import old_weeks
from apps.jobs.keeper.partitions import make_weeks_ahead
from tests.jobs.keeper.old_ledger import DAYS, LONG_AGO, forget_weeks


@pytest.fixture
def old_ledger(committed: None, settings: LazySettings) -> Iterator[None]:
    """Have weeks of long ago, as if Backline had run since; what is left of them goes afterwards."""
    settings.BACKLINE_JOB_DAYS = DAYS
    first = min(week.name for week in old_weeks.weeks())
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE jobs_job DETACH PARTITION {first}")
        cursor.execute(f"DROP TABLE {first}")
    make_weeks_ahead(LONG_AGO)
    for weeks in range(9, 16):
        make_weeks_ahead(LONG_AGO + timedelta(weeks=weeks))
    yield
    forget_weeks()
    make_weeks_ahead()


@pytest.fixture
def patient(db: None, settings: LazySettings) -> None:
    """Let the database have been up for longer than anybody is waited for."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM clock_timestamp() - pg_postmaster_start_time())")
        up_for = float(cursor.fetchone()[0])
    settings.BACKLINE_DEAD_AFTER_S = min(15.0, up_for / 2)
