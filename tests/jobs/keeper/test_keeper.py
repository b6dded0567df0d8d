"""One keeper leads and does every duty; when it is gone another does, and no trouble stops the rest."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from celery import current_app
from django.core.management import call_command
from django.db import connection
from django.db.models.functions import Now

from apps.jobs import transitions
from apps.jobs.keeper import duties, keeper, lead, rescue, rounds, upkeep
from apps.jobs.models import Bundle, Duty, Lead
from apps.jobs.models.lead import LEASE_S
from apps.jobs.states import State
from apps.local.servers.postgres import PostgresServer
from apps.local.servers.valkey import ValkeyServer
from tests.contracts.tree import ROOT
from tests.jobs import steps
from tests.jobs.conftest import Inbox
from tests.jobs.steps import state_of
from tests.local.waiting import wait_until

END_OTHERS = (
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
DUTIES = {duty.name for duty in (*duties.prompt(lambda _: 0), *duties.settling(), *duties.upkeep())}


@pytest.fixture(autouse=True)
def hurried(committed: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand by for moments and tell everything at once."""
    monkeypatch.setattr(keeper, "_STAND_BY_S", 0.02)
    monkeypatch.setattr(lead, "_RENEW_S", 0.05)
    for part in (keeper, rounds, upkeep):
        monkeypatch.setattr(part, "_REST_AFTER_TROUBLE_S", 0.3)
    for pause in ("_TELL_EVERY_S", "_TELL_BUSY_S"):
        monkeypatch.setattr(rounds, pause, 0.0)


@contextmanager
def at_work(name: str) -> Iterator[keeper.Keeper]:
    """Run a keeper in a thread, with a session of its own."""
    mine = keeper.Keeper(name)
    thread = threading.Thread(target=mine.run, name=name)
    thread.start()
    try:
        yield mine
    finally:
        mine.stop()
        thread.join(20)
        assert not thread.is_alive()


def leader() -> str | None:
    """Return the keeper that holds the lead."""
    names = Lead.objects.filter(renewed_at__gt=Now() - timedelta(seconds=LEASE_S))
    return names.values_list("keeper", flat=True).first()


def done_by(name: str) -> set[str]:
    """Return the duties that a keeper was the last to do."""
    return set(Duty.objects.filter(keeper=name).values_list("name", flat=True))


def the_relay_runs_again() -> None:
    """Wait for one more run of the relay."""
    moments = Duty.objects.filter(name="relay").values_list("ran_at", flat=True)
    before = moments.first()
    wait_until(lambda: moments.first() not in (None, before))


def test_the_leader_does_every_duty_and_writes_it_down(inbox: Inbox) -> None:
    with at_work("one"):
        wait_until(lambda: done_by("one") == DUTIES)
    assert not Duty.objects.exclude(error="").exists()


def test_of_two_keepers_one_leads_and_the_other_stands_by(inbox: Inbox) -> None:
    with at_work("one"):
        wait_until(lambda: done_by("one") == DUTIES)
        with at_work("two"):
            leads = leader()
            for _ in range(3):
                the_relay_runs_again()
            assert leader() == leads
            assert done_by("two") == set()


def test_leader_that_stops_renewing_loses_the_lead(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    with at_work("one") as first:
        wait_until(lambda: leader() == "one")
        with at_work("two"):
            monkeypatch.setattr(first._lease, "_ask", lambda: None)
            wait_until(lambda: leader() == "two")
            wait_until(lambda: "relay" in done_by("two"))
            assert not first._lease.is_held()


def test_leader_whose_duties_hang_gives_up_the_lead(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lead, "_HUNG_S", 1.0)
    monkeypatch.setattr(lead, "LEASE_S", 1.0)
    hung = lead.Lease("hung", threading.Event())
    hung.start()
    wait_until(hung.is_held)
    with at_work("one"):
        wait_until(lambda: leader() == "one")
    hung._leave.set()
    hung.release()


def test_another_process_leads_within_seconds_when_the_leader_is_stopped(
    inbox: Inbox, postgres: PostgresServer, valkey: ValkeyServer
) -> None:
    with keeper_process(postgres, valkey) as first, keeper_process(postgres, valkey) as second:
        wait_until(lambda: leader_process() is not None, patience=120)
        leads, stands_by = (first, second) if leader_process() == first.pid else (second, first)
        leads.send_signal(signal.SIGSTOP)
        # Eight seconds are promised, then the new leader says what it did; a crowded machine has fifteen.
        wait_until(lambda: leader_process() == stands_by.pid, patience=15)
        leads.send_signal(signal.SIGCONT)
        job_id = steps.in_line()
        wait_until(lambda: str(job_id) in inbox.job_ids())
        assert leader_process() == stands_by.pid


@contextmanager
def keeper_process(postgres: PostgresServer, valkey: ValkeyServer) -> Iterator[subprocess.Popen[bytes]]:
    """Run a keeper as people do, on this test's servers."""
    here = {
        "DATABASE_URL": postgres.url(connection.settings_dict["NAME"]),
        "REDIS_URL": valkey.url(),
        "CELERY_BROKER_URL": valkey.url(),
    }
    process = subprocess.Popen(
        [sys.executable, "manage.py", "keeper"], cwd=ROOT, env=os.environ | here, stdout=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def leader_process() -> int | None:
    """Return the process that did the relay's duty last, once it has led for a moment."""
    names = Duty.objects.filter(name="relay").values_list("keeper", flat=True)
    return int(names[0].rpartition(":")[2]) if names else None


def test_a_keeper_that_is_told_to_stop_frees_the_lead(inbox: Inbox) -> None:
    with at_work("one") as first:
        wait_until(leader)
        with at_work("two"):
            first.stop()
            wait_until(lambda: "relay" in done_by("two"))
    wait_until(lambda: leader() is None)


def test_keeper_whose_sessions_end_keeps_the_lead(inbox: Inbox) -> None:
    with at_work("one"):
        wait_until(leader)
        held_by = Lead.objects.get().holder
        with connection.cursor() as cursor:
            cursor.execute(END_OTHERS)
        job_id = steps.in_line()
        wait_until(lambda: inbox.job_ids() == [str(job_id)])
        assert Lead.objects.get().holder == held_by


def test_what_waits_in_line_reaches_the_broker_and_what_sleeps_the_line(inbox: Inbox) -> None:
    waiting, asleep = steps.in_line(), steps.enqueued(delay=steps.HOUR)
    with at_work("one"):
        wait_until(lambda: inbox.job_ids() == [str(waiting)])
        steps.its_time_comes(asleep)
        wait_until(lambda: inbox.job_ids() == [str(waiting), str(asleep)])


def test_after_a_flush_of_the_broker_everything_is_sent_again(inbox: Inbox) -> None:
    waiting = [str(steps.enqueued()) for _ in range(3)]
    with at_work("one"):
        wait_until(lambda: "republish" in done_by("one"))
        inbox.client.flushall()
        wait_until(lambda: inbox.job_ids() == waiting)


def test_the_window_stays_narrow_while_the_line_is_long(inbox: Inbox) -> None:
    for _ in range(100):
        steps.in_line()
    with at_work("one"):
        wait_until(lambda: len(set(inbox.job_ids())) >= 32)
        the_relay_runs_again()
        assert len(set(inbox.job_ids())) == Bundle.objects.count() == 32


class TestTrouble:
    @pytest.fixture
    def broker_away(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(current_app.conf, "broker_url", "redis://127.0.0.1:1/0")

    @pytest.mark.parametrize("duty", ["relay", "republish"])
    def test_a_broker_that_is_away_is_told_in_the_duty_s_row(self, broker_away: None, duty: str) -> None:
        job_id = steps.in_line()
        with at_work("one"):
            wait_until(Duty.objects.filter(name=duty, error__startswith="The broker is away: ").exists)
        assert state_of(job_id) == State.READY
        steps.assert_nothing_is_lost()

    def test_the_other_duties_go_on_meanwhile(self, broker_away: None) -> None:
        asleep = steps.enqueued(delay=steps.HOUR)
        with at_work("one"):
            wait_until(Duty.objects.filter(name="republish").exclude(error="").exists)
            steps.its_time_comes(asleep)
            wait_until(lambda: state_of(asleep) == State.READY)
            wait_until(lambda: done_by("one") >= {"rescue", "sweep bundles", "make partitions"})

    def test_when_the_broker_is_back_the_line_moves_on_and_the_error_goes(
        self, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        there = current_app.conf.broker_url
        monkeypatch.setattr(current_app.conf, "broker_url", "redis://127.0.0.1:1/0")
        first = steps.in_line()
        with at_work("one"):
            wait_until(Duty.objects.filter(name="relay").exclude(error="").exists)
            monkeypatch.setattr(current_app.conf, "broker_url", there)
            second = steps.in_line()
            wait_until(lambda: str(second) in inbox.job_ids())
            wait_until(lambda: not Duty.objects.exclude(error="").exists())
            steps.bundles_grow_old()
            wait_until(lambda: str(first) in inbox.job_ids())

    def test_a_duty_that_fails_in_a_way_nobody_foresaw_does_not_end_the_others(
        self, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail() -> int:
            raise RuntimeError("a surprise")

        monkeypatch.setattr(rescue, "take_back", fail)
        with at_work("one"):
            wait_until(Duty.objects.filter(name="rescue", error="RuntimeError: a surprise").exists)
            wait_until(lambda: done_by("one") == DUTIES)

    def test_a_statement_that_the_database_refuses_does_not_end_the_others(
        self, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(transitions, "release", _ask_nonsense)  # a database that is there and says no
        job_id = steps.in_line()
        with at_work("one"):
            wait_until(lambda: inbox.job_ids() == [str(job_id)])
            wait_until(Duty.objects.filter(name="release").exclude(error="").exists)
            wait_until(lambda: done_by("one") == DUTIES)


def test_the_command_leads_until_it_is_told_to_stop(
    inbox: Inbox, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    handlers: dict[int, Callable[..., object]] = {}
    monkeypatch.setattr("signal.signal", handlers.__setitem__)
    thread = threading.Thread(target=call_command, args=("keeper",))
    thread.start()
    wait_until(lambda: set(Duty.objects.values_list("name", flat=True)) == DUTIES)
    handlers[15](15, None)
    thread.join(20)
    assert not thread.is_alive()
    told = capsys.readouterr().out.splitlines()
    assert [line.split()[-1] for line in told] == ["ready", "stopped"]
    wait_until(lambda: leader() is None)


def _ask_nonsense() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1/0")
    return 0
