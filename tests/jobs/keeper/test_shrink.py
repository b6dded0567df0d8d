"""Tables that grew beside an old snapshot become small again; searches read all their pages."""

from uuid import uuid4

import pytest
from django.utils.timezone import now

from apps.jobs.keeper import shrink
from apps.jobs.models import Bundle
from tests.jobs import steps
from tests.jobs.marks import execute
from tests.jobs.steps import QUEUE, another_session

GROW = {
    "jobs_bundle": "INSERT INTO jobs_bundle (id, queue, kind, published_at, tries, ids)"
    " SELECT gen_random_uuid(), 'default', 'kinds.add', now(), 1, ARRAY[gen_random_uuid()]"
    " FROM generate_series(1, 20000)",
    "jobs_lane": "INSERT INTO jobs_lane (queue, lane)"
    " SELECT 'default', 'tenant ' || n FROM generate_series(1, 20000) AS n",
}


@pytest.fixture(autouse=True)
def small(committed: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shrink, "_LEAST_BYTES", 1 << 20)


def _size(table: str) -> int:
    [(size,)] = steps._rows("SELECT pg_relation_size(%s)", [table])
    return int(size)


def _grow(table: str) -> None:
    execute(GROW[table])
    execute(f"DELETE FROM {table}")
    _vacuum(table)
    assert _size(table) > 1 << 20


def _vacuum(table: str) -> None:
    """Vacuum as autovacuum does: its count of removed rows is the last one."""
    execute("SELECT pg_stat_force_next_flush()")
    execute(f"VACUUM {table}")


@pytest.mark.parametrize("table", GROW)
def test_empty_pages_at_the_end_are_given_back(table: str) -> None:
    _grow(table)
    assert shrink.shrink() == 1
    assert _size(table) < 1 << 20
    assert shrink.shrink() == 0


def test_rows_stay_where_pages_are_given_back() -> None:
    kept = Bundle.objects.create(queue=QUEUE, kind="kinds.add", published_at=now(), ids=[uuid4()], tries=2)
    execute(GROW["jobs_bundle"])
    execute("DELETE FROM jobs_bundle WHERE tries = 1")
    _vacuum("jobs_bundle")
    assert shrink.shrink() == 1
    assert _size("jobs_bundle") < 1 << 20
    assert Bundle.objects.get() == kept


def test_a_table_full_of_removed_rows_beside_an_old_snapshot_is_left_alone() -> None:
    with another_session() as reader:
        reader.do(lambda: execute("BEGIN ISOLATION LEVEL REPEATABLE READ"))
        reader.do(lambda: steps._rows("SELECT count(*) FROM jobs_ready"))
        _grow("jobs_bundle")
        assert shrink.shrink() == 0
        reader.do(lambda: execute("ROLLBACK"))
    _vacuum("jobs_bundle")
    assert shrink.shrink() == 1
    assert _size("jobs_bundle") < 1 << 20


def test_a_table_that_another_session_locks_is_left_for_the_next_round() -> None:
    _grow("jobs_bundle")
    with another_session() as writer:
        writer.do(lambda: execute("BEGIN"))
        writer.do(lambda: execute("LOCK TABLE jobs_bundle IN SHARE UPDATE EXCLUSIVE MODE"))
        assert shrink.shrink() == 1
        assert _size("jobs_bundle") > 1 << 20
        writer.do(lambda: execute("ROLLBACK"))
    assert shrink.shrink() == 1
    assert _size("jobs_bundle") < 1 << 20
