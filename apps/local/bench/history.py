"""Throughput beside millions of ended jobs in an older week: `manage.py bench history`; prints JSON."""

import json
import os
from statistics import median

import django

django.setup()

from django.db import connection  # noqa: E402  # needs Django set up, as below

from apps.local.bench import bulk, jobs  # noqa: E402

_JOBS = int(os.environ.get("BENCH_HISTORY_JOBS", "10000000"))
_AT_ONCE = 1_000_000
_ROUNDS = 3  # by turns, since what the machine does beside is not the history's doing

# A new ledger's first week also holds what is older: a week of its own comes before it. The constraint spares
# each ATTACH the look at every row.
_OLD_WEEK = """
CREATE TABLE jobs_job_old (LIKE jobs_job INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES,
                           CHECK (id IS NOT NULL AND id < '{start}'));
ALTER TABLE jobs_job DETACH PARTITION {first};
ALTER TABLE jobs_job ATTACH PARTITION {first} FOR VALUES FROM ('{start}') TO ('{end}')
"""
_WITH = "ALTER TABLE jobs_job ATTACH PARTITION jobs_job_old FOR VALUES FROM (MINVALUE) TO ('{start}')"
_WITHOUT = "ALTER TABLE jobs_job DETACH PARTITION jobs_job_old"
_FIRST = """
SELECT c.relname, substring(pg_get_expr(c.relpartbound, c.oid) FROM 'TO \\(''([0-9a-f-]+)''')
  FROM pg_inherits JOIN pg_class AS c ON c.oid = inhrelid
 WHERE inhparent = 'jobs_job'::regclass AND pg_get_expr(c.relpartbound, c.oid) LIKE '%%MINVALUE%%'
"""
_FILL = """
INSERT INTO jobs_job_old (id, enqueued_at, rank, owner_id, priority, max_attempts, kind, queue, trigger,
                          subject, args, started_at, finished_at, state, attempt, failures, deaths,
                          fingerprint, result)
SELECT uuidv7(interval '-30 days'), long_ago, long_ago, n %% 50000, 0, 3, 'old.kind_' || n %% 40, 'default',
       'code', '', jsonb_build_object('user_id', n), long_ago, long_ago, 6, 1, 0, 0, '', 'null'
  FROM generate_series(1, %s) AS n CROSS JOIN (SELECT now() - interval '30 days' AS long_ago) AS moment
"""


def measure() -> dict[str, float]:
    """Return bulk jobs a second without and with many ended jobs in an older week beside them, by turns."""
    start = _remember_many()
    empty, full = list[float](), list[float]()
    for _ in range(_ROUNDS):
        empty.append(bulk.measure()["end_to_end_per_s"])
        _run(_WITH.format(start=start))
        full.append(bulk.measure()["end_to_end_per_s"])
        _run(_WITHOUT)
    return {
        "ended_jobs": _JOBS,
        "empty_per_s": median(empty),
        "full_per_s": median(full),
        "ratio_to_empty": round(median(here / there for here, there in zip(full, empty, strict=True)), 2),
    }


def _remember_many() -> object:
    """Fill a week that is not attached yet; return where it ends."""
    first, end = jobs.ask(_FIRST)
    [start] = jobs.ask("SELECT uuidv7(interval '-1 hour')")
    _run(_OLD_WEEK.format(first=first, start=start, end=end))
    for _ in range(0, _JOBS, _AT_ONCE):
        with connection.cursor() as cursor:
            cursor.execute(_FILL, [min(_JOBS, _AT_ONCE)])
    _run("VACUUM ANALYZE jobs_job_old")
    _run("CHECKPOINT")
    return start


def _run(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


if __name__ == "__main__":
    print(json.dumps(measure()))  # noqa: T201  # the bench reads it
