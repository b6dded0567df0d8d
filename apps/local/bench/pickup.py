"""How long a job waits for its start at half load: what `manage.py bench pickup` runs; prints JSON."""

import json
import time

import django

django.setup()

from apps.jobs import registry  # noqa: E402  # needs Django set up, as below
from apps.local.bench import jobs  # noqa: E402

_FULL = 1500  # jobs, to find out what full load is
_PACED_S = 8.0


def measure() -> dict[str, float]:
    """Return the pickup in milliseconds, from the enqueuing statement to the claim, at half of full load."""
    _paced(50, 0.5)
    full = _full_load()
    span = _paced(full / 2, _PACED_S)
    return {
        "jobs": span.jobs,
        "load_per_s": round(full / 2),
        "pickup_p50_ms": round(span.pickup_p50_s * 1000, 1),
        "pickup_p99_ms": round(span.pickup_p99_s * 1000, 1),
    }


def _full_load() -> float:
    nothing = registry.get(jobs.KIND)
    since = jobs.now()
    for _ in range(_FULL):
        nothing.delay()
    return _FULL / jobs.through(_FULL, since).seconds


def _paced(per_s: float, seconds: float) -> jobs.Span:
    nothing = registry.get(jobs.KIND)
    since, count = jobs.now(), int(per_s * seconds)
    began = time.perf_counter()
    for number in range(count):
        nothing.delay()
        time.sleep(max(0.0, began + (number + 1) / per_s - time.perf_counter()))
    return jobs.through(count, since)


if __name__ == "__main__":
    print(json.dumps(measure()))  # noqa: T201  # the bench reads it
