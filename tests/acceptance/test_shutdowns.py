"""However a worker is asked to end, its tasks end or are ended, and then their jobs go on elsewhere."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.machine import Machine

SOFT_S = 3
SUCCEEDED = 6


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
    elif how == "group terminate":  # as systemd does by default
        os.killpg(worker.pid, signal.SIGTERM)
    else:
        worker.send_signal(getattr(signal, how))


def script_worker(machine: Machine, pool: str) -> subprocess.Popen[bytes]:
    """Start a worker by the `celery` script, as most services do."""
    script = str(Path(sys.executable).with_name("celery"))
    process = machine.spawn("first", [script, "-A", "config", "worker", "-c", "2", "-P", pool])
    machine.until(lambda: machine.value("SELECT count(*) FROM jobs_worker") == 1, "the worker signs on")
    return process


def words(path: Path) -> list[str]:
    """Return what the witness wrote, in order."""
    return [line.split()[0] for line in path.read_text().splitlines()] if path.exists() else []


def began(machine: Machine, path: Path, times: int = 1) -> None:
    machine.until(lambda: words(path).count("begin") >= times, f"{times} bodies begin")


@pytest.mark.parametrize("how", ["SIGTERM", "SIGINT", "remote", "group quit", "group terminate"])
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


@pytest.mark.parametrize("pool", ["prefork", "threads", "solo"])
@pytest.mark.parametrize("how", ["group terminate", "SIGTERM", "group quit"])
def test_job_that_ends_in_the_soft_time_is_not_interrupted(kept: Machine, how: str, pool: str) -> None:
    kept.more_environment["BACKLINE_SOFT_SHUTDOWN_S"] = "60"
    worker = kept.worker("first", 2, "-P", pool)
    [walk] = kept.enqueue("kinds.walk", steps=60, pause_ms=50)
    kept.until(lambda: len(kept.steps(walk)) > 5, "it walks")
    shut_down(kept, worker, how)
    assert worker.wait(timeout=120) in (0, 1)
    assert kept.ask("SELECT state, attempt, deaths FROM jobs_job") == [(SUCCEEDED, 1, 0)]


@pytest.mark.parametrize(
    ("pool", "entry"),
    [("prefork", "module"), ("prefork", "script"), ("solo", "module"), ("threads", "module")],
)
def test_worker_restarts_itself_on_a_hangup_and_no_job_is_left_running(
    kept: Machine, pool: str, entry: str
) -> None:
    worker = kept.worker("first", 2, "-P", pool) if entry == "module" else script_worker(kept, pool)
    path = kept.directory / "witness"
    [before] = kept.ask("SELECT id, pid FROM jobs_worker")
    # no exception ends a thread: there the job has to end in time, or its process ends for good
    [job] = kept.enqueue("kinds.witnessed", path=str(path), seconds=0.5 if pool == "threads" else 40)
    began(kept, path)
    shut_down(kept, worker, "SIGHUP")
    again = "SELECT count(*) FROM jobs_worker WHERE id <> %s AND pid = %s AND stopped_at IS NULL"
    kept.until(lambda: kept.value(again, *before) == 1, "it registers again in the same process")
    kept.until_ended([job], patience=90)
    if pool != "threads":
        assert words(path) == ["begin", "begin", "end"]
    assert kept.value("SELECT failures + deaths FROM jobs_job WHERE id = %s", job) == 0
    kept.until_ended(kept.enqueue("kinds.add", 5, a=1))
    assert worker.poll() is None


def test_thread_that_ignores_a_hangup_ends_with_its_worker_and_its_job_goes_on(kept: Machine) -> None:
    worker = kept.worker("first", 2, "-P", "threads")
    path = kept.directory / "witness"
    [job] = kept.enqueue("kinds.witnessed", path=str(path), seconds=60, deaf=True)
    began(kept, path)
    shut_down(kept, worker, "SIGHUP")
    worker.wait(timeout=60)
    kept.worker("second", 1)
    kept.until_ended([job], patience=90)
    assert words(path) == ["begin", "begin", "end"]
    assert kept.ask("SELECT attempt, failures, deaths FROM jobs_job WHERE id = %s", job) == [(2, 0, 0)]


@pytest.mark.parametrize(
    ("how", "pool"),
    [
        ("SIGTERM", "prefork"),
        ("remote", "prefork"),
        ("group terminate", "prefork"),
        ("SIGTERM", "threads"),
        ("group terminate", "threads"),
        ("SIGTERM", "solo"),
        ("SIGINT", "solo"),
    ],
)
def test_plain_tasks_that_began_end_and_the_others_go_on_elsewhere(
    kept: Machine, how: str, pool: str
) -> None:
    worker = kept.worker("first", 2, "-P", pool)
    path = kept.directory / "witness"
    kept.program(
        "from tests.kinds.witnessed import plain_witnessed\n"
        f"for _ in range(80): plain_witnessed.delay({str(path)!r}, 0.5)\n"
    )
    began(kept, path, 4)
    shut_down(kept, worker, how)
    worker.wait(timeout=60)
    done = words(path)
    assert done.count("begin") == done.count("end") < 80
    kept.worker("second", 8)
    kept.until(lambda: words(path).count("end") == 80, "all run")
    assert words(path).count("begin") == 80


@pytest.mark.parametrize("pool", ["solo", "threads"])
def test_a_body_in_the_workers_own_process_is_dead_before_its_job_goes_on(kept: Machine, pool: str) -> None:
    first = kept.worker("first", 1, "-P", pool)
    path = kept.directory / "witness"
    [deaf] = kept.enqueue("kinds.witnessed", path=str(path), seconds=40, deaf=True)
    began(kept, path)
    kept.worker("second", 1)
    shut_down(kept, first, "SIGINT")
    first.wait(timeout=60)
    kept.until_ended([deaf], patience=90)
    assert words(path) == ["begin", "begin", "end"]
    assert kept.ask("SELECT attempt, failures, deaths FROM jobs_job WHERE id = %s", deaf) == [(2, 0, 0)]


def test_terminated_worker_hands_back_no_job_that_a_thread_still_runs(kept: Machine) -> None:
    first = kept.worker("first", 2, "-P", "threads")
    path = kept.directory / "witness"
    [deaf] = kept.enqueue("kinds.witnessed", path=str(path), seconds=40, deaf=True)
    began(kept, path)
    kept.worker("second", 1, "-Q", "default")
    kept.program(
        "from tests.kinds.witnessed import plain_terminate_worker\n"
        "plain_terminate_worker.apply_async(queue='maintenance')\n"
    )
    first.wait(timeout=60)
    kept.until_ended([deaf], patience=90)
    assert words(path) == ["begin", "begin", "end"]
    assert kept.ask("SELECT attempt, failures, deaths FROM jobs_job WHERE id = %s", deaf) == [(2, 0, 0)]


def test_restart_is_called_off_by_a_later_sigterm(kept: Machine) -> None:
    kept.more_environment["BACKLINE_SOFT_SHUTDOWN_S"] = "60"
    worker = kept.worker("first", 2)
    [walk] = kept.enqueue("kinds.walk", steps=100, pause_ms=50)
    kept.until(lambda: len(kept.steps(walk)) > 5, "it walks")
    shut_down(kept, worker, "SIGHUP")
    kept.until(lambda: "shutting down" in kept.words_of("first"), "the hangup is heeded")
    shut_down(kept, worker, "SIGTERM")
    assert worker.wait(timeout=120) == 0
    assert kept.ask("SELECT state, attempt, deaths FROM jobs_job WHERE id = %s", walk) == [(SUCCEEDED, 1, 0)]


@pytest.mark.parametrize("pool", ["solo", "threads"])
def test_a_body_that_holds_the_interpreters_lock_ends_once_and_at_its_limit(kept: Machine, pool: str) -> None:
    first = kept.worker("first", 2, "-P", pool)
    long, short = kept.directory / "long", kept.directory / "short"
    [held] = kept.enqueue("kinds.witnessed", path=str(long), seconds=20, holds_gil=True)
    kept.until_ended([held], patience=90)
    assert words(long) == ["begin", "end"]
    assert kept.ask("SELECT attempt, deaths FROM jobs_job WHERE id = %s", held) == [(1, 0)]
    [late] = kept.enqueue("kinds.witnessed_short", path=str(short), seconds=60, deaf=True, holds_gil=True)
    began(kept, short)
    first.wait(timeout=30)
    told = "SELECT outcome, error_type FROM jobs_attempt WHERE job_id = %s"
    kept.until(lambda: kept.ask(told, late) == [("failed", "TimedOut")], "its limit is told")


def test_a_late_plain_task_that_asks_for_it_or_loses_its_process_is_delivered_again(machine: Machine) -> None:
    machine.worker("w", 2)
    paths = {how: machine.directory / how for how in ("reject", "kill")}
    calls = "".join(f"plain_requeued.delay({str(path)!r}, {how!r})\n" for how, path in paths.items())
    machine.program(f"from tests.kinds.witnessed import plain_requeued\n{calls}")
    for path in paths.values():
        began(machine, path, 2)
