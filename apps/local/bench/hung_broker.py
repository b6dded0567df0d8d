"""Enqueues while the broker hangs: what `manage.py bench hung` runs on its rig; prints JSON."""

import json
import os
import signal
import time

import django

django.setup()

from apps.jobs import registry  # noqa: E402  # needs Django set up, as below
from apps.local.bench import jobs  # noqa: E402

_JOBS = 600


def measure() -> dict[str, float]:
    """Return the 99th percentile of an enqueue in ms, with a broker that answers and a frozen one."""
    broker = int(os.environ["BENCH_BROKER_PID"])
    _p99_ms(100)
    answering = _p99_ms(_JOBS)
    os.kill(broker, signal.SIGSTOP)
    try:
        frozen = _p99_ms(_JOBS)
    finally:
        os.kill(broker, signal.SIGCONT)
    return {
        "jobs": _JOBS,
        "enqueue_p99_ms": round(answering, 2),
        "enqueue_hung_p99_ms": round(frozen, 2),
        "difference_ms": round(frozen - answering, 2),
    }


def _p99_ms(count: int) -> float:
    nothing = registry.get(jobs.KIND)
    took = []
    for _ in range(count):
        began = time.perf_counter()
        nothing.delay()
        took.append(time.perf_counter() - began)
        time.sleep(0.002)
    return sorted(took)[int(count * 0.99)] * 1000


if __name__ == "__main__":
    print(json.dumps(measure()))  # noqa: T201  # the bench reads it
