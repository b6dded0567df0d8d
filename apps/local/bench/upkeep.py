"""What forgetting and counting cost the keeper: what `manage.py bench upkeep` runs; prints JSON.

A week of long ago is looked through and dropped; one with a job that lives is emptied beside it; and a minute
in which as many jobs ended is rolled up. ``BENCH_UPKEEP_JOBS`` says how many jobs each holds.
"""

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Any

import django

django.setup()

from django.conf import settings  # noqa: E402  # needs Django set up, as below
from django.db import connection  # noqa: E402

from apps.jobs.keeper import old_weeks, rollups  # noqa: E402
from apps.jobs.keeper.partitions import week_name  # noqa: E402
from apps.jobs.keeper.prune_jobs import PruneJobs  # noqa: E402
from apps.lib.ids import first_id_of  # noqa: E402

_JOBS = int(os.environ.get("BENCH_UPKEEP_JOBS", "1000000"))
_LONG_AGO = datetime.now(UTC) - timedelta(days=settings.BACKLINE_JOB_DAYS + 15)

_FILL = """
INSERT INTO {week} (id, enqueued_at, rank, priority, max_attempts, kind, queue, trigger, subject, args,
                      started_at, finished_at, run_after, state, attempt, failures, deaths, fingerprint)
SELECT uuidv7(- %(ago)s), now() - %(ago)s, now() - %(ago)s, 0, 3, 'old.kind_' || n %% 40, 'default', 'code',
       '', jsonb_build_object('user_id', n), now() - %(ago)s, CASE WHEN has_ended THEN now() - %(ago)s END,
       CASE WHEN NOT has_ended THEN timestamptz '9000-01-01' END, CASE WHEN has_ended THEN 6 ELSE 0 END,
       1, 0, 0, ''
  FROM (SELECT n, n > %(alive)s AS has_ended FROM generate_series(1, %(jobs)s) AS n) AS each
"""


def measure() -> dict[str, float]:
    """Return how long a million jobs take to be forgotten, whole and one by one, and to be counted."""
    week = _make_old_week()
    _fill(week, alive=0)
    dropped = _times(PruneJobs(), lambda: all(other.name != week for other in old_weeks.weeks()))
    _make_old_week()
    _fill(week, alive=1)
    emptied = _times(PruneJobs(), lambda: _jobs_in(week) == 1)
    _run("DELETE FROM jobs_job WHERE run_after = '9000-01-01'")
    return {
        "jobs": _JOBS,
        "dropped_s": round(sum(dropped), 2),
        "dropped_call_max_ms": round(max(dropped) * 1000, 1),
        "deleted_per_s": round(_JOBS / sum(emptied)),
        "deleted_call_max_ms": round(max(emptied) * 1000, 1),
        "rolled_up_minute_ms": round(_roll_up_ms(), 1),
    }


def _make_old_week() -> str:
    """Put the week of long ago before all others; return its table."""
    name, [first, *_] = week_name(_LONG_AGO), old_weeks.weeks()
    week = old_weeks.Week(name, is_attached=False)
    if first.name != name and not any(other.start == week.end for other in old_weeks.weeks()):
        _run(f"ALTER TABLE jobs_job DETACH PARTITION {first.name}")
        bounds = f"FROM ('{first_id_of(week.end)}') TO ('{first_id_of(first.end)}')"
        _run(f"ALTER TABLE jobs_job ATTACH PARTITION {first.name} FOR VALUES {bounds}")
    _run(f"CREATE TABLE {name} (LIKE jobs_job INCLUDING DEFAULTS INCLUDING CONSTRAINTS)")
    old_weeks.attach_again(week)
    return name


def _fill(week: str, *, alive: int) -> None:
    """Have a million jobs, all but so many of which ended at once."""
    ago = datetime.now(UTC) - _LONG_AGO
    _run(_FILL.format(week=week), ago=ago, jobs=_JOBS, alive=alive)
    _run("ANALYZE jobs_job")


def _times(prune: PruneJobs, is_done: Callable[[], bool]) -> list[float]:
    """Let the duty do part after part; return how many seconds each took."""
    took = list[float]()
    while not is_done():
        began = perf_counter()
        prune()
        took.append(perf_counter() - began)
    return took


def _jobs_in(week: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM (SELECT FROM {week} LIMIT 2) AS few")  # noqa: S608  # our own name
        return int(cursor.fetchone()[0])


def _roll_up_ms() -> float:
    """Have a million jobs end within a minute, and count it."""
    ago = timedelta(minutes=2)
    _run(_FILL.format(week=week_name(datetime.now(UTC))), ago=ago, jobs=_JOBS, alive=0)
    _run("UPDATE jobs_rolled_up SET next_at = date_bin('1 minute', now() - %(ago)s, 'epoch')", ago=ago)
    began = perf_counter()
    rollups.roll_up(stretch_s=0)
    return (perf_counter() - began) * 1000


def _run(statement: str, **params: Any) -> None:  # as a cursor takes them
    with connection.cursor() as cursor:
        cursor.execute(statement, params or None)


if __name__ == "__main__":
    print(json.dumps(measure()))  # noqa: T201  # the bench reads it
