"""A keeper says over HTTP whether it comes round, whether it leads, and what its duties did."""

import re
import socket
from contextlib import suppress
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from django.conf import LazySettings

from apps.jobs.keeper import probe
from apps.jobs.keeper.probe import Probe
from tests.jobs import steps
from tests.jobs.keeper.test_keeper import at_work
from tests.local.waiting import wait_until


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that a test sets."""
    times = [1000.0]
    monkeypatch.setattr(probe, "monotonic", lambda: times[0])
    return times


def test_one_who_stands_by_is_well_and_one_who_does_not_come_round_is_not(clock: list[float]) -> None:
    keeper = Probe("here:1")
    clock[0] += 29
    assert keeper.trouble() == ""
    keeper.came_round(leads=False)
    clock[0] += 31
    assert keeper.trouble().startswith("It has not come round for 31 s.")
    assert 'backline_keeper_leads{keeper="here:1"} 0' in keeper.metrics()


def test_one_whose_upkeep_does_not_come_back_from_a_duty_is_not_well(clock: list[float]) -> None:
    keeper = Probe("here:1")
    with keeper.at("roll up"):
        clock[0] += 290
        keeper.came_round(leads=True)
        assert keeper.trouble() == ""
        clock[0] += 20
        keeper.came_round(leads=True)
        assert keeper.trouble() == "It has been at its duty 'roll up' for 310 s; others wait for it."
    assert keeper.trouble() == ""


def test_runs_rows_errors_and_seconds_are_counted_by_duty() -> None:
    keeper = Probe("here:1")
    keeper.came_round(leads=True)
    keeper.did("relay", rows=3, took_s=0.25, failed=False)
    keeper.did("relay", rows=0, took_s=0.25, failed=True)
    told = keeper.metrics().splitlines()
    who = '{keeper="here:1",duty="relay"}'
    for line in (
        'backline_keeper_leads{keeper="here:1"} 1',
        f"backline_keeper_duty_runs_total{who} 2",
        f"backline_keeper_duty_rows_total{who} 3",
        f"backline_keeper_duty_errors_total{who} 1",
        f"backline_keeper_duty_seconds_total{who} 0.5",
    ):
        assert line in told


def test_a_keeper_at_work_answers(committed: None, settings: LazySettings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings.BACKLINE_KEEPER_HTTP = port
    steps.in_line()
    relayed = re.compile(r'backline_keeper_duty_rows_total\{keeper="[^"]+",duty="relay"\} 1')

    def told(page: str) -> str:
        with suppress(URLError), urlopen(f"http://127.0.0.1:{port}/{page}", timeout=10) as answer:
            return str(answer.read().decode())
        return ""  # it does not listen yet

    with at_work("first"):
        wait_until(lambda: any(relayed.fullmatch(line) for line in told("metrics").splitlines()))
        assert told("healthz") == "well\n"
        [leads] = [line for line in told("metrics").splitlines() if line.startswith("backline_keeper_leads")]
        assert leads.endswith(" 1")
