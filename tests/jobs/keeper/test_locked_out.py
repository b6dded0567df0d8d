"""A lock that another session holds stops one task of the keeper, and a frozen keeper's locks stop nobody."""

import pytest
from django.db import connection, transaction

from apps.jobs import sql
from apps.jobs.keeper import keeper, lead, rounds
from apps.jobs.models import Duty
from apps.jobs.operating import engine
from apps.lib.settings_in_force import Settings
from tests.jobs import steps
from tests.jobs.conftest import Inbox
from tests.jobs.keeper.test_keeper import at_work, done_by
from tests.local.waiting import wait_until


@pytest.fixture(autouse=True)
def hurried(committed: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for a lock for moments."""
    monkeypatch.setattr(lead, "_RENEW_S", 0.05)
    for pause in ("_TELL_EVERY_S", "_TELL_BUSY_S"):
        monkeypatch.setattr(rounds, pause, 0.0)
    for name in ("lock_timeout", "idle_in_transaction_session_timeout"):
        monkeypatch.setitem(keeper._SETTINGS, name, "200ms")


@pytest.mark.parametrize(("table", "task"), [("jobs_lane", "relay"), ("jobs_worker", "rescue")])
def test_a_table_that_stays_locked_fails_its_task_and_the_others_go_on(
    inbox: Inbox, table: str, task: str
) -> None:
    steps.in_line()
    with transaction.atomic(), connection.cursor() as cursor, steps.another_session() as watcher:
        cursor.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        with at_work("one"):
            wait_until(lambda: watcher.do(lambda: "lock timeout" in _error_of(task)))
            wait_until(lambda: watcher.do(lambda: "expire" in done_by("one")))
            cause = watcher.do(lambda: engine.failing(task, _error_of(task)))
    assert "lock timeout" in cause.sentence
    assert "pg_locks" in cause.mend
    with at_work("two"):
        wait_until(lambda: task in done_by("two") and not _error_of(task))


def test_a_keeper_that_froze_in_a_transaction_keeps_no_other_from_working(inbox: Inbox) -> None:
    steps.a_keeper("relay")
    frozen = Settings(keeper._SETTINGS)
    with steps.another_session() as session:

        def freeze() -> None:
            with frozen.in_force():
                sql.run("clock", {})
                transaction.set_autocommit(False)
                assert Duty.objects.select_for_update().get()

        session.do(freeze)
        with at_work("two"):
            wait_until(lambda: "relay" in done_by("two"))


def _error_of(task: str) -> str:
    return Duty.objects.filter(name=task).values_list("error", flat=True).first() or ""
