"""A command on a leash ends when its owner does, in order first and by force in the end."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

import psutil
import pytest

from apps.local.servers.leashed import Command, Leashed
from apps.local.servers.running import is_gone_within
from tests.local.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

STUBBORN = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: print("asked", flush=True))
child = os.fork()
if child:
    print("pids", os.getpid(), child, flush=True)
while True:
    time.sleep(0.05)
"""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


def leashed(log: Path, script: str, **options: object) -> Leashed:
    return Leashed(Command(arguments=(sys.executable, "-c", script), log=log, cwd=log.parent, **options))  # type: ignore[arg-type]  # each test names the options it is about


def pids(log: Path) -> list[psutil.Process]:
    wait_until(lambda: "pids" in log.read_text())
    line = next(line for line in log.read_text().splitlines() if line.startswith("pids"))
    return [psutil.Process(int(pid)) for pid in line.split()[1:]]


def test_the_exit_code_is_the_commands_own(log: Path) -> None:
    assert leashed(log, "raise SystemExit(7)").wait(20) == 7
    assert leashed(log, "import os; os.kill(os.getpid(), 9)").wait(20) == 128 + 9


def test_signals_are_passed_on(log: Path) -> None:
    command = leashed(log, STUBBORN)
    pids(log)
    command.send(signal.SIGTERM)
    wait_until(lambda: "asked" in log.read_text())
    command.kill()
    assert command.wait(20) == 128 + 9


def test_let_go_asks_first_and_kills_the_whole_group_when_the_grace_is_over(log: Path) -> None:
    command = leashed(log, STUBBORN, grace=0.3)
    processes = pids(log)
    command.let_go()
    assert command.wait(20) == 128 + 9
    assert "asked" in log.read_text()
    assert all(is_gone_within(process, 5) for process in processes)


def test_what_a_command_leaves_in_its_group_goes_with_it(log: Path) -> None:
    command = leashed(log, STUBBORN)
    parent, child = pids(log)
    parent.kill()
    assert command.wait(20) == 128 + 9
    assert is_gone_within(child, 5)


@pytest.mark.skipif(
    sys.platform != "linux", reason="not Linux: only Linux signals a process at its parent's death"
)
def test_a_killed_leash_takes_the_command_along(log: Path) -> None:
    command = leashed(log, "import os, time; print('pids', os.getpid(), flush=True); time.sleep(600)")
    [process] = pids(log)
    os.kill(command.leash_pid, signal.SIGKILL)
    assert is_gone_within(process, 10)
    command.wait(10)


def test_a_server_outlives_whoever_still_holds_its_lifeline(log: Path, tmp_path: Path) -> None:
    server = leashed(log, "import os, time; print('pids', os.getpid(), flush=True); time.sleep(600)")
    [process] = pids(log)
    client = leashed(tmp_path / "client", STUBBORN, grace=1.0, holds=(server.lifeline,))
    pids(tmp_path / "client")
    server.let_go()
    client.let_go()
    assert not is_gone_within(process, 0.5)
    assert client.wait(20) is not None
    assert is_gone_within(process, 10)
    server.wait(10)


def test_a_command_that_cannot_be_run_ends_with_its_reason(log: Path) -> None:
    command = Leashed(Command(arguments=["/nowhere/program"], log=log, cwd=log.parent))
    assert command.wait(20) != 0
    assert "No such file" in log.read_text()
    assert log.stat().st_mode & 0o077 == 0
