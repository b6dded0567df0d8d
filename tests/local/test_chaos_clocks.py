"""A clock that a fault moves is moved at once, and what measures durations goes on as it is."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import datetime
from typing import TYPE_CHECKING

import psycopg
import pytest

from apps.local.chaos import clocks
from apps.local.chaos.clocks import MovablePostgres, OwnClocks
from apps.local.chaos.rig import CannotRun, Plan, Rig
from tests.contracts.tree import ROOT
from tests.faketime import needs_faketime

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOUR = 3600
TELL = """
import sys, threading, time
print("ready", flush=True)
for line in sys.stdin:
    began = time.monotonic()
    time.sleep(0.05)
    threading.Event().wait(0.05)
    print(time.time(), time.monotonic() - began, flush=True)
"""


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[MovablePostgres]:
    preload = clocks.library()
    assert preload is not None
    server = MovablePostgres(tmp_path / "pg", preload, 10)
    server.settings["fsync"] = "off"
    try:
        yield server.start()
    finally:
        server.remove()
        clocks.sweep(server.pids)


def shown(postgres: MovablePostgres) -> float:
    with psycopg.connect(postgres.url("postgres")) as connection:
        [moment] = connection.execute("SELECT clock_timestamp()").fetchone() or [None]
        assert isinstance(moment, datetime)
        return moment.timestamp()


@needs_faketime
def test_postgresql_has_a_fast_clock_that_jumps_and_outlives_its_server(postgres: MovablePostgres) -> None:
    before_first, first, after_first = time.monotonic(), shown(postgres), time.monotonic()
    assert abs(first - time.time()) < HOUR / 60
    while (now := time.monotonic()) < after_first + 0.5:
        before_last, last, after_last = now, shown(postgres), time.monotonic()
    assert 9.5 * (before_last - after_first) < last - first < 10.5 * (after_last - before_first)
    for seconds in (HOUR, -2 * HOUR, 25 * HOUR):
        before = shown(postgres)
        postgres.clock.move(seconds)
        assert 0 <= shown(postgres) - before - seconds < HOUR / 6
    before = shown(postgres)
    postgres.kill()
    postgres.start()
    assert 0 <= shown(postgres) - before < HOUR / 6


@needs_faketime
def test_a_process_has_a_clock_of_its_own_and_sleeps_as_long_as_ever(tmp_path: Path) -> None:
    preload = clocks.library()
    assert preload is not None
    own = OwnClocks(tmp_path, preload)
    (tmp_path / "tell.py").write_text(TELL, encoding="utf-8")
    environment = os.environ | own.environment("one") | {"PYTHONPATH": str(tmp_path)}
    process = subprocess.Popen(
        [sys.executable, "-m", "apps.local.chaos.own_clock", "tell"],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    for seconds in (0, HOUR, -HOUR, 25 * HOUR):
        own.set("one", seconds)
        process.stdin.write("?\n")
        process.stdin.flush()
        at, slept = (float(word) for word in process.stdout.readline().split())
        assert at - time.time() == pytest.approx(seconds, abs=5)
        assert 0.1 <= slept < 5
    process.communicate()
    clocks.sweep([process.pid])


def test_where_no_clock_can_be_moved_the_fault_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clocks, "library", lambda: None)
    with pytest.raises(CannotRun, match=r"libfaketime is missing.*apt-get install"):
        Rig(Plan(clock_rate=10)).need_clocks()
    Rig(Plan()).need_clocks()
