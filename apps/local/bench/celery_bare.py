"""Bare Celery on the same broker, as installed: late acknowledgement, no results, nothing recorded.

The reference of `manage.py bench`: what a job costs where it may be lost. Prints JSON.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from celery import Celery
from redis import Redis

_WARM_UP = 200
_JOBS = 3000
_SLOTS = 2  # as many as the rig's own workers have together
_PATIENCE_S = 120.0

app = Celery("bare", broker=os.environ.get("BENCH_BARE_BROKER", ""), set_as_current=False)
app.conf.update(
    task_ignore_result=True,
    task_acks_late=True,
    worker_prefetch_multiplier=16,
    broker_connection_retry_on_startup=True,
)


@app.task(name="bare.nothing")
def nothing(number: int) -> None:
    """Do nothing."""


def measure() -> dict[str, float]:
    """Return jobs a second enqueued and end to end."""
    with _worker():
        _through(_WARM_UP)
        enqueue_s, took_s = _through(_JOBS)
    return {
        "jobs": _JOBS,
        "enqueue_per_s": round(_JOBS / enqueue_s),
        "end_to_end_per_s": round(_JOBS / took_s),
    }


def _through(count: int) -> tuple[float, float]:
    began = time.perf_counter()
    for number in range(count):
        nothing.delay(number)
    enqueued = time.perf_counter() - began
    with Redis.from_url(app.conf.broker_url) as redis:
        give_up_at = time.monotonic() + _PATIENCE_S
        while redis.llen("celery") or redis.hlen("unacked"):
            if time.monotonic() > give_up_at:
                raise TimeoutError("Bare Celery did not end its jobs.")
            time.sleep(0.02)
    return enqueued, time.perf_counter() - began


@contextmanager
def _worker() -> Iterator[None]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith("DJANGO_")}
    command = [sys.executable, "-m", "celery", "-A", "apps.local.bench.celery_bare", "worker"]
    process = subprocess.Popen(
        [*command, "-c", str(_SLOTS), "-l", "ERROR"], env=plain, stdout=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    print(json.dumps(measure()))  # noqa: T201  # the bench reads it
