"""Single durable jobs, one transaction each: what `manage.py bench single` runs on its rig; prints JSON."""

import json
import time

import django

django.setup()

from apps.jobs import registry  # noqa: E402  # needs Django set up, as below
from apps.local.bench import jobs  # noqa: E402
from apps.local.bench.cost import weighed  # noqa: E402

_WARM_UP = 300
_JOBS = 3000


def measure() -> dict[str, float]:
    """Return jobs a second enqueued and end to end, and what each cost the database."""
    return weighed(_JOBS, warm_up=_WARM_UP, through=_through)


def _through(count: int) -> tuple[float, jobs.Span]:
    nothing = registry.get(jobs.KIND)
    since, began = jobs.now(), time.perf_counter()
    for _ in range(count):
        nothing.delay()
    return time.perf_counter() - began, jobs.through(count, since)


if __name__ == "__main__":
    print(json.dumps(measure()))  # noqa: T201  # the bench reads it
