"""However a worker is asked to end, its tasks end or are ended, and then their jobs go on elsewhere."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.acceptance.machine import Machine

SOFT_S = 3


@pytest.fixture
def kept(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine with a keeper, whose workers give running tasks a few seconds."""
    monkeypatch.setenv("BACKLINE_SOFT_SHUTDOWN_S", str(SOFT_S))
    machine.keeper()
    return machine


def shut_down(machine: Machine, worker: subprocess.Popen[bytes], how: str) -> None:
    """Ask a worker to end."""
    if how == "remote":
        machine.program(
            "from config.celery import app\n"
            "names = list(app.control.inspect(timeout=2).ping() or ())\n"
            "app.control.shutdown(destination=[name for name in names if name.startswith('first')])\n"
        )
    elif how == "group interrupt":
        os.killpg(worker.pid, signal.SIGINT)
    elif how == "group quit":
        os.killpg(worker.pid, signal.SIGQUIT)
    else:
        worker.send_signal(getattr(signal, how))


def words(path: Path) -> list[str]:
    """Return what the witness wrote, in order."""
    return [line.split()[0] for line in path.read_text().splitlines()] if path.exists() else []


def began(machine: Machine, path: Path, times: int = 1) -> None:
    machine.until(lambda: words(path).count("begin") >= times, f"{times} bodies begin")


@pytest.mark.parametrize("how", ["SIGTERM", "SIGINT", "remote", "group quit"])
def test_jobs_end_in_the_soft_time_or_are_ended_and_never_run_side_by_side(kept: Machine, how: str) -> None:
    first = kept.worker("first", 2)
    path = kept.directory / "witness"
    [long] = kept.enqueue("kinds.witnessed", path=str(path), seconds=25, deaf=how == "SIGINT")
    [short] = kept.enqueue("kinds.walk", steps=10, pause_ms=100)
    began(kept, path)
    kept.worker("second", 2, "-Q", "default")
    shut_down(kept, first, how)
    first.wait(timeout=60)
    assert kept.ask("SELECT outcome FROM jobs_attempt WHERE job_id = %s", long) == [("handed back",)]
    kept.until_ended([short, long], patience=90)
    assert words(path) == ["begin", "begin", "end"]
    assert kept.ask("SELECT attempt, failures, deaths FROM jobs_job WHERE id = %s", long) == [(2, 0, 0)]
    assert kept.value("SELECT attempt FROM jobs_job WHERE id = %s", short) == 1


@pytest.mark.parametrize("how", ["SIGTERM", "remote"])
def test_plain_tasks_that_began_end_and_the_others_go_on_elsewhere(kept: Machine, how: str) -> None:
    worker = kept.worker("first", 2)
    path = kept.directory / "witness"
    kept.program(
        "from tests.kinds.witnessed import plain_witnessed\n"
        f"for _ in range(24): plain_witnessed.delay({str(path)!r}, 0.5)\n"
    )
    began(kept, path, 4)
    shut_down(kept, worker, how)
    worker.wait(timeout=60)
    done = words(path)
    assert done.count("begin") == done.count("end") < 24
    kept.worker("second", 4)
    kept.until(lambda: words(path).count("end") == 24, "all run")
    assert words(path).count("begin") == 24
