"""The keeper's settings reach its statements, and stay in no session that is a pooler's."""

import pytest
from django.db import connection, transaction
from psycopg import ConnectionInfo

from apps.jobs import sql
from apps.lib.settings_in_force import Settings
from tests.jobs.steps import another_session

OURS = {"enable_seqscan": "off", "work_mem": "5MB"}


def shown() -> tuple[str, str]:
    """Return what holds in this session outside our statements."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('enable_seqscan'), current_setting('work_mem')")
        return tuple(cursor.fetchone())


def within(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Run a statement of the ledger; return what held around and in it."""
    monkeypatch.setattr(sql, "_variants", lambda _: (_SHOWS, _SHOWS))
    return [shown(), sql.run("any", {})[0], sql.run_planned("any", {})[0], shown()]


_SHOWS = "SELECT current_setting('enable_seqscan'), current_setting('work_mem')"
BEFORE, SET = ("on", "4MB"), ("off", "5MB")


@pytest.fixture
def pooled(monkeypatch: pytest.MonkeyPatch) -> None:
    """A session whose server process is another than its client was told of."""
    monkeypatch.setattr(ConnectionInfo, "backend_pid", 0)


def test_own_session_gets_them_once(committed: None, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(OURS)
    with another_session() as keeper, settings.in_force():
        assert keeper.do(shown) == BEFORE

    def asked() -> list[tuple[str, str]]:
        with settings.in_force():
            return within(monkeypatch)

    with another_session() as keeper:
        assert keeper.do(asked) == [BEFORE, SET, SET, SET]


def test_session_of_a_pooler_has_them_for_a_statement_only(
    committed: None, pooled: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(OURS)

    def asked() -> list[tuple[str, str]]:
        with settings.in_force():
            return within(monkeypatch)

    with another_session() as keeper:
        assert keeper.do(asked) == [BEFORE, SET, SET, BEFORE]
        assert keeper.do(asked) == [BEFORE, SET, SET, BEFORE]


def test_inside_a_transaction_they_end_with_it(committed: None, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(OURS)

    def asked() -> tuple[list[tuple[str, str]], tuple[str, str]]:
        with settings.in_force(), transaction.atomic():
            inside = within(monkeypatch)
        return inside, shown()

    with another_session() as keeper:
        assert keeper.do(asked) == ([BEFORE, SET, SET, SET], BEFORE)


def test_without_them_a_statement_runs_as_the_session_is(
    committed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with another_session() as web:
        assert web.do(lambda: within(monkeypatch)) == [BEFORE] * 4
