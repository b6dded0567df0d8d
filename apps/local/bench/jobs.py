"""Jobs that do nothing, sent through the rig and watched by the database's clock."""

import time
from dataclasses import dataclass
from typing import Any

from django.db import connection

KIND = "bench.nothing"
_PATIENCE_S = 300.0

# Ended jobs since a moment: how many, from the first enqueue to the last end, and how long each waited.
_SPAN = """
SELECT count(*), extract(epoch FROM max(finished_at) - min(enqueued_at)),
       percentile_cont(ARRAY[0.5, 0.99]) WITHIN GROUP (ORDER BY extract(epoch FROM started_at - enqueued_at))
  FROM jobs_job WHERE kind = 'bench.nothing' AND state = 6 AND enqueued_at >= %s
"""
_LEFT = """
SELECT (SELECT count(*) FROM (SELECT FROM jobs_ready LIMIT 1) AS waits)
     + (SELECT count(*) FROM (SELECT FROM jobs_bundle LIMIT 1) AS runs)
"""


@dataclass(frozen=True, slots=True)
class Span:
    """How a number of jobs went through."""

    jobs: int
    seconds: float  # from the first enqueue to the last end
    pickup_p50_s: float
    pickup_p99_s: float


def now() -> object:
    """Return the database's clock."""
    return ask("SELECT clock_timestamp()")[0]


def through(jobs: int, since: object) -> Span:
    """Wait until so many jobs that were enqueued since a moment have ended.

    While they run only the two small tables are asked: counting jobs would be part of what is measured.
    """
    give_up_at = time.monotonic() + _PATIENCE_S
    while time.monotonic() < give_up_at:
        if ask(_LEFT)[0] == 0:
            count, seconds, (p50, p99) = ask(_SPAN, since)
            if count >= jobs:
                return Span(count, float(seconds), float(p50), float(p99))
        time.sleep(0.02)
    raise TimeoutError(f"Of {jobs} jobs only {ask(_SPAN, since)[0]} ended within {_PATIENCE_S:.0f} s.")


def ask(query: str, *values: Any) -> tuple[Any, ...]:
    """Return the first row of a query."""
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return cursor.fetchone() or ()
