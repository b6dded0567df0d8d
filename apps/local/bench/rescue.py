"""Jobs whose process or worker is killed: what `manage.py bench rescue` runs on its rig; prints JSON."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from uuid import UUID

import django

django.setup()

from apps.jobs import registry  # noqa: E402  # needs Django set up, as below
from apps.local.bench import jobs  # noqa: E402

_QUEUE = "bench"  # no other worker of the rig listens to it
_CHILDREN = 10
_WORKERS = 3
_PATIENCE_S = 60.0


def measure() -> dict[str, float]:
    """Return the seconds from a kill, of one process or of a whole worker, to the next start of its job."""
    with _worker("heir"):
        children = [_killed(_kill_child) for _ in range(_CHILDREN)]
    workers = [_worker_killed() for _ in range(_WORKERS)]
    return {
        "killed_children": _CHILDREN,
        "child_p50_s": _middle(children),
        "child_max_s": round(max(children), 3),
        "killed_workers": _WORKERS,
        "worker_p50_s": _middle(workers),
        "worker_max_s": round(max(workers), 3),
    }


def _middle(times: list[float]) -> float:
    return round(sorted(times)[len(times) // 2], 3)


def _worker_killed() -> float:
    with ExitStack() as stack:
        victim = stack.enter_context(_worker("victim"))

        def kill(_pid: int) -> None:
            stack.enter_context(_worker("heir"))
            os.killpg(victim.pid, signal.SIGKILL)

        return _killed(kill)


def _kill_child(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def _killed(kill: Callable[[int], None]) -> float:
    """Start a job that never ends by itself, kill what runs it, and return how long until it runs again."""
    handle = registry.get("bench.waits_once").apply_async(queue=_QUEUE)
    job_id = UUID(str(handle.id))
    _await(lambda: _job(job_id)[0] == 1 and _job(job_id)[1])
    time.sleep(0.2)
    kill(int(_job(job_id)[1]))
    [killed_at] = jobs.ask("SELECT clock_timestamp()")
    _await(lambda: _job(job_id)[0] == 2 and _job(job_id)[3] == 6)
    again = _job(job_id)[2] - killed_at
    return float(again.total_seconds())


def _job(job_id: UUID) -> tuple[Any, ...]:
    return jobs.ask("SELECT attempt, worker_pid, started_at, state FROM jobs_job WHERE id = %s", job_id)


def _await(what: Callable[[], object]) -> None:
    give_up_at = time.monotonic() + _PATIENCE_S
    while not what():
        if time.monotonic() > give_up_at:
            raise TimeoutError("A killed job did not run again.")
        time.sleep(0.005)


@contextmanager
def _worker(name: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a worker of one process in a group of its own, so that it can be killed as a whole."""
    where = ("-n", f"{name}-{time.monotonic_ns()}@%h", "-c", "1", "-Q", _QUEUE)
    command = [sys.executable, "-m", "celery", "-A", "config", "worker", *where]
    process = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL)
    try:
        _await(lambda: jobs.ask("SELECT count(*) FROM jobs_worker WHERE pid = %s", process.pid)[0])
        time.sleep(2)  # it signs on a moment before it listens
        yield process
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    print(json.dumps(measure()))  # noqa: T201  # the bench reads it
