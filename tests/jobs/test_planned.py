"""The statements that every small job costs are planned once a session, unless a pooler forbids it."""

from collections.abc import Iterator

import pytest
from django.db import connection

from apps.jobs import transitions
from apps.jobs.keeper import relay
from tests.jobs import steps


@pytest.fixture
def unkept(transactional_db: None) -> Iterator[None]:
    """Begin and end with a session that keeps no plan."""
    connection.close()
    yield
    connection.close()


def _kept() -> set[str]:
    """Return the heads of the statements whose plans this session keeps."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        return {statement.split("\n")[0] for (statement,) in cursor.fetchall()}


def _live() -> None:
    worker_id = steps.a_worker()
    for _ in range(3):
        transitions.succeed(steps.claimed(steps.enqueued(), worker_id), "done")
        steps.in_line()
        [window] = relay._windows()
        assert len(transitions.relay(window.queue, window.room)) == 1


@pytest.mark.usefixtures("unkept")
class TestPlans:
    def test_enqueue_claim_and_finish_of_single_jobs_are_kept_and_the_relay_of_a_short_line(self) -> None:
        _live()
        assert len(_kept()) == 5

    def test_behind_a_pooler_that_forgets_them_nothing_is_kept(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(connection.settings_dict["OPTIONS"], "prepare_threshold", None)
        _live()
        assert _kept() == set()

    @pytest.mark.parametrize(
        "look",
        [
            "job_line_stands('{0}')",
            "job_line_stands('{0}', NULL)",
            "job_line_stands('{0}', ('{0}', '-infinity', gen_random_uuid(), true, NULL, NULL, NULL, now()))",
        ],
        ids=["previous release", "without a mark", "with a mark"],
    )
    def test_a_line_of_thousands_is_found_by_its_index_though_it_was_planned_for_an_empty_one(
        self, look: str
    ) -> None:
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE jobs_ready")
            for _ in range(7):  # then PostgreSQL keeps one plan for all
                cursor.execute(f"SELECT {look.format('default')}")
            cursor.execute(
                "INSERT INTO jobs_ready (queue, lane, rank, id, kind) "
                "SELECT 'other', '', now(), gen_random_uuid(), 'kinds.add' FROM generate_series(1, 5000)"
            )
            cursor.execute("SELECT pg_stat_force_next_flush()")
            cursor.execute("SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'jobs_ready'")
            before = cursor.fetchall()
            cursor.execute(f"SELECT {look.format('default')}, {look.format('other')}")
            assert cursor.fetchall() == [(False, True)]
            cursor.execute("SELECT pg_stat_force_next_flush()")
            cursor.execute("SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'jobs_ready'")
            assert cursor.fetchall() == before
