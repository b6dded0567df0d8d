"""What may take seconds is done beside the duties for which jobs wait, and only while its keeper leads."""

import threading
from collections.abc import Iterator

import pytest
from django.db import connection, transaction

from apps.jobs.keeper import duties, keeper, rollups, upkeep
from apps.jobs.keeper.duties import Duty
from apps.jobs.keeper.upkeep import Upkeep
from apps.jobs.models import Duty as DutyRecord
from apps.jobs.models import RolledUp
from tests.jobs import steps
from tests.jobs.conftest import Inbox
from tests.jobs.keeper.test_keeper import at_work, leader
from tests.local.waiting import wait_until


class Long:
    """A duty that takes until it is let go."""

    def __init__(self) -> None:
        self.begun, self.go_on = threading.Event(), threading.Event()
        self.sessions: list[int] = []

    def __call__(self) -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            self.sessions += [pid for (pid,) in cursor.fetchall()]
        self.begun.set()
        assert self.go_on.wait(60)
        return 0


@pytest.fixture
def long(committed: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Long]:
    """The keeper's only upkeep, let go at the end."""
    duty = Long()
    monkeypatch.setattr(duties, "upkeep", lambda: (Duty("long", 0.01, duty),))
    for part in (keeper, upkeep):
        monkeypatch.setattr(part, "_REST_AFTER_TROUBLE_S", 0.05)
    monkeypatch.setattr(keeper, "_STAND_BY_S", 0.02)
    yield duty
    duty.go_on.set()


def test_jobs_are_relayed_while_a_long_duty_is_at_it(inbox: Inbox, long: Long) -> None:
    with at_work("one"):
        assert long.begun.wait(60)
        job_id = steps.in_line()
        wait_until(lambda: inbox.job_ids() == [str(job_id)])
        assert not DutyRecord.objects.filter(name="long").exists(), "it is still at it"
        long.go_on.set()
        wait_until(DutyRecord.objects.filter(name="long", keeper="one").exists)


def test_jobs_are_relayed_while_settling_blocks(
    inbox: Inbox, long: Long, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duties, "upkeep", lambda: (Duty("nothing", 1.0, lambda: 0),))
    monkeypatch.setattr(duties, "settling", lambda: (Duty("settle", 0.01, long),))
    with at_work("one"):
        assert long.begun.wait(60)
        job_id = steps.in_line()
        wait_until(lambda: inbox.job_ids() == [str(job_id)])
        long.go_on.set()


def test_it_has_a_session_of_its_own_whose_end_costs_not_the_lead(long: Long) -> None:
    with at_work("one"):
        assert long.begun.wait(60)
        leads = leader()
        steps.end_session(long.sessions[0])
        long.go_on.set()
        wait_until(lambda: len(set(long.sessions)) == 2)
        assert leader() == leads


def test_one_who_stands_by_does_none_of_it(long: Long) -> None:
    long.go_on.set()
    with at_work("one"):
        wait_until(DutyRecord.objects.filter(name="long", keeper="one").exists)
        with at_work("two"):
            runs = len(long.sessions)
            wait_until(lambda: len(long.sessions) > runs + 3)
        assert not DutyRecord.objects.filter(name="long", keeper="two").exists()


def test_a_keeper_that_is_told_to_stop_does_not_wait_long_for_it(
    long: Long, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "_PATIENCE_S", 0.0)
    with at_work("one"):
        assert long.begun.wait(60)
    assert not long.go_on.is_set()


def test_a_keeper_whose_upkeep_ended_by_a_fault_of_ours_ends_too(
    committed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Upkeep) -> None:
        raise ValueError("a surprise")

    monkeypatch.setattr(Upkeep, "_take_a_turn", fail)
    with pytest.raises(RuntimeError, match="The thread of upkeep ended") as ended:
        keeper.Keeper("one").run()
    connection.close()
    assert str(ended.value.__cause__) == "a surprise"


def test_a_lock_that_somebody_holds_stops_one_duty_and_none_of_the_others(
    committed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "_SETTINGS", {"lock_timeout": "100ms"})
    others = threading.Event()

    def do_others() -> int:
        others.set()
        return 0

    both = (Duty("roll up", 0.01, rollups.roll_up), Duty("others", 0.01, do_others))
    monkeypatch.setattr(duties, "upkeep", lambda: both)
    with at_work("one"):
        wait_until(DutyRecord.objects.filter(name="roll up", error="").exists)
        with transaction.atomic():
            RolledUp.objects.select_for_update().get()
            others.clear()
            assert others.wait(60)
            wait_until(DutyRecord.objects.filter(name="roll up", error__contains="lock timeout").exists)
