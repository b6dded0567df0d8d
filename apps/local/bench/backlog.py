"""A standing backlog, nearly all of one tenant: what `manage.py bench backlog` runs; prints JSON.

``BENCH_BACKLOG_JOBS`` says how many wait.
"""

import json
import os
import time

import django

django.setup()

from django.db import connection, transaction  # noqa: E402  # needs Django set up, as below

from apps.jobs import origin, registry  # noqa: E402
from apps.local.bench import jobs  # noqa: E402

_JOBS = int(os.environ.get("BENCH_BACKLOG_JOBS", "1000000"))
_TENANTS = 1000
_SMALL_EVERY_S = 0.5

_DUTIES = "SELECT name, took_ms FROM jobs_duty WHERE name IN ('relay', 'find strays', 'rescue')"
_WAITS = """
SELECT extract(epoch FROM started_at - enqueued_at) FROM jobs_job
 WHERE id = ANY (%s::uuid[]) AND state = 6 ORDER BY 1
"""


def measure() -> dict[str, float]:
    """Return jobs a second while a backlog drains, and how long a small tenant's new job waits meanwhile.

    And how long the keeper's duties took at most, of those that read large tables.
    """
    since = jobs.now()
    with transaction.atomic():  # no worker begins before all of them wait
        _fill()
    began = time.perf_counter()
    slowest: dict[str, float] = {}
    waits = _small_jobs_meanwhile(slowest)
    jobs.through(_JOBS, since)
    return {
        "jobs": _JOBS,
        "tenants": _TENANTS,
        "drained_per_s": round(_JOBS / (time.perf_counter() - began)),
        "small_tenant_jobs": len(waits),
        "small_tenant_wait_p50_s": round(waits[len(waits) // 2], 3),
        "small_tenant_wait_max_s": round(waits[-1], 3),
    } | {f"{name.replace(' ', '_')}_max_ms": round(took, 1) for name, took in sorted(slowest.items())}


def _fill() -> None:
    """Let ninety-nine jobs of a hundred be one tenant's, and spread the rest over the others."""
    nothing, each = registry.get(jobs.KIND), max(1, _JOBS // 100 // (_TENANTS - 1))
    for tenant in range(1, _TENANTS):
        with origin(tenant=f"tenant {tenant}"):
            nothing.enqueue_many({} for _ in range(each))
    with origin(tenant="tenant 0"):
        nothing.enqueue_many({} for _ in range(_JOBS - each * (_TENANTS - 1)))


def _small_jobs_meanwhile(slowest: dict[str, float]) -> list[float]:
    """Enqueue a job of a new tenant now and then, until the backlog is gone; return how long each waited.

    Keep how long each duty took, at most, in ``slowest``.
    """
    nothing = registry.get(jobs.KIND)
    ids: list[str] = []
    while jobs.ask("SELECT count(*) FROM (SELECT FROM jobs_ready LIMIT 2000) AS waiting")[0] == 2000:
        with origin(tenant=f"small {len(ids)}"):
            ids.append(str(nothing.delay().id))
        with connection.cursor() as cursor:
            cursor.execute(_DUTIES)
            for name, took_ms in cursor.fetchall():
                slowest[name] = max(took_ms, slowest.get(name, 0.0))
        time.sleep(_SMALL_EVERY_S)
    time.sleep(1)
    with connection.cursor() as cursor:
        cursor.execute(_WAITS, [ids])
        return [float(wait) for (wait,) in cursor.fetchall()]


if __name__ == "__main__":
    print(json.dumps(measure()))  # noqa: T201  # the bench reads it
