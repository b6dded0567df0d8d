"""Single durable jobs, one transaction each: what `manage.py bench single` runs on its rig; prints JSON."""

import json
import time
from typing import Any

import django

django.setup()

from django.db import connection  # noqa: E402  # needs Django set up, as below

from apps.jobs import registry  # noqa: E402

_WARM_UP = 100
_JOBS = 1000
_PACED_S = 5.0

# Ended jobs of this run: how fast they went through, and how long each waited to be picked up.
_SPAN = """
SELECT count(*), extract(epoch FROM max(finished_at) - min(enqueued_at)),
       percentile_cont(ARRAY[0.5, 0.99]) WITHIN GROUP (ORDER BY extract(epoch FROM started_at - enqueued_at))
  FROM jobs_job WHERE kind = 'bench.nothing' AND state = 6 AND enqueued_at >= %s
"""


def measure() -> dict[str, float]:
    """Return jobs a second enqueued and end to end, pickup at half load, and WAL a job."""
    _through(_WARM_UP)
    wal = _ask("SELECT pg_current_wal_lsn() - '0/0'")[0]
    began = time.perf_counter()
    span_s, enqueue_s = _through(_JOBS)
    wal_per_job = (float(_ask("SELECT pg_current_wal_lsn() - '0/0'")[0]) - float(wal)) / _JOBS
    per_s = _JOBS / span_s
    p50, p99 = _paced(per_s / 2)
    return {
        "jobs": _JOBS,
        "enqueue_per_s": round(_JOBS / enqueue_s),
        "end_to_end_per_s": round(per_s),
        "pickup_p50_ms": round(p50 * 1000, 1),
        "pickup_p99_ms": round(p99 * 1000, 1),
        "wal_bytes_per_job": round(wal_per_job),
        "took_s": round(time.perf_counter() - began, 1),
    }


def _through(jobs: int) -> tuple[float, float]:
    """Send jobs through; return seconds from the first enqueue to the last end, and seconds of enqueuing."""
    nothing = registry.get("bench.nothing")
    [since] = _ask("SELECT clock_timestamp()")
    began = time.perf_counter()
    for _ in range(jobs):
        nothing.delay()
    enqueued = time.perf_counter() - began
    return float(_await(jobs, since)[1]), enqueued


def _paced(per_s: float) -> tuple[float, float]:
    """Enqueue at a steady pace; return the median and the 99th percentile of the pickup in seconds."""
    nothing = registry.get("bench.nothing")
    [since] = _ask("SELECT clock_timestamp()")
    jobs = int(per_s * _PACED_S)
    began = time.perf_counter()
    for number in range(jobs):
        nothing.delay()
        time.sleep(max(0.0, began + (number + 1) / per_s - time.perf_counter()))
    p50, p99 = _await(jobs, since)[2]
    return float(p50), float(p99)


def _await(jobs: int, since: object) -> tuple:  # type: ignore[type-arg]  # a row of _SPAN
    while True:
        row = _ask(_SPAN, since)
        if row[0] >= jobs:
            return row
        time.sleep(0.1)


def _ask(query: str, *values: Any) -> tuple:  # type: ignore[type-arg]  # a row of the query
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return cursor.fetchone() or ()


if __name__ == "__main__":
    print(json.dumps(measure()))  # noqa: T201  # the bench reads it
