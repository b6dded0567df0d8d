"""Ten thousand schedules and many more one-off ones: what `manage.py bench schedules` runs; prints JSON."""

import json
import os
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import django

django.setup()

from django.db import connection  # noqa: E402  # needs Django set up, as below
from django.test import Client  # noqa: E402

from apps.accounts.models import User  # noqa: E402
from apps.jobs import registry  # noqa: E402
from apps.local.bench import jobs  # noqa: E402
from apps.schedules import heartbeat, sql  # noqa: E402
from apps.schedules.fire import fire  # noqa: E402
from apps.schedules.plan import plan  # noqa: E402
from apps.schedules.waiting import start_waiting  # noqa: E402

_SCHEDULES = int(os.environ.get("BENCH_SCHEDULES", "10000"))
_ONE_OFFS = int(os.environ.get("BENCH_ONE_OFFS", "100000"))
_JOBS = 10_000
_ROUNDS = 20
Execute = Callable[..., object]
_LIST = "/admin/django_celery_beat/periodictask/"

_FILL = f"""
INSERT INTO django_celery_beat_crontabschedule
       (minute, hour, day_of_week, day_of_month, month_of_year, timezone)
SELECT number % 60, number % 24, '*', '*', '*', 'Europe/Berlin' FROM generate_series(1, 1440) AS number;
INSERT INTO django_celery_beat_periodictask
       (name, task, crontab_id, enabled, one_off, args, kwargs, headers, description, total_run_count,
        date_changed)
SELECT 'schedule ' || number, '{jobs.KIND}',
       (SELECT min(id) FROM django_celery_beat_crontabschedule) + number % 1440,
       true, false, '[]', '{{}}', '{{}}', '', 0, now()
  FROM generate_series(1, {_SCHEDULES}) AS number;
INSERT INTO django_celery_beat_clockedschedule (clocked_time)
SELECT now() + interval '1 hour' + number * interval '1 second' FROM generate_series(1, 10000) AS number;
INSERT INTO django_celery_beat_periodictask
       (name, task, clocked_id, enabled, one_off, args, kwargs, headers, description, total_run_count,
        date_changed)
SELECT 'once ' || number, '{jobs.KIND}',
       (SELECT min(id) FROM django_celery_beat_clockedschedule) + number % 10000,
       true, true, '[]', '{{}}', '{{}}', '', 0, now()
  FROM generate_series(1, {_ONE_OFFS}) AS number;
"""  # noqa: S608  # our own numbers and names

_REMEMBER = f"""
WITH jobs AS (SELECT array_agg(id) AS ids FROM jobs_job WHERE kind = '{jobs.KIND}')
INSERT INTO schedules_moment (schedule_id, at, fired_at, beat, job_id, outcome)
SELECT task.id, now() - ago * interval '1 day', now() - ago * interval '1 day', 'bench',
       jobs.ids[1 + (task.id * 20 + ago) % {_JOBS}], 'ran'
  FROM jobs, django_celery_beat_periodictask AS task, generate_series(1, 20) AS ago
 WHERE task.crontab_id IS NOT NULL;
ANALYZE
"""  # noqa: S608  # our own numbers and names

_COME_DUE = """
UPDATE schedules_plan SET next_at = clock_timestamp() - interval '1 second'
 WHERE schedule_id IN (SELECT schedule_id FROM schedules_plan ORDER BY schedule_id LIMIT 100)
"""


def measure() -> dict[str, float]:
    """Return what a tick takes with nothing and with a hundred due, and what the pages of the admin take."""
    _fill()
    planned, planning = 0, time.perf_counter()
    while batch := plan():
        planned += batch
    planned_per_s = planned / (time.perf_counter() - planning)
    _remember()
    browser = Client(SERVER_NAME="127.0.0.1")
    browser.force_login(User.objects.create_superuser("bench@example.com", "bench"))
    return {
        "schedules": _SCHEDULES,
        "one_offs": _ONE_OFFS,
        "planned_per_s": round(planned_per_s),
        "tick_idle_ms": _took(_tick),
        "tick_100_due_ms": _took(_tick, first=_let_some_come_due),
        "tick_100_due_database_ms": _asked(_tick, first=_let_some_come_due),
        "list_ms": _took(lambda: browser.get(_LIST)),
        "list_search_ms": _took(lambda: browser.get(f"{_LIST}?q=schedule+77")),
        "form_ms": _took(lambda: browser.get(f"{_LIST}{_some_schedule()}/change/")),
        "day_ms": _took(lambda: browser.get(f"{_LIST}day/"), rounds=3),
    }


def _fill() -> None:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE django_celery_beat_periodictask, schedules_plan, schedules_moment CASCADE")
        cursor.execute(_FILL)


def _remember() -> None:
    """Let each schedule have twenty moments with jobs that ran."""
    since = jobs.now()
    registry.get(jobs.KIND).enqueue_many({} for _ in range(_JOBS))
    jobs.through(_JOBS, since)
    with connection.cursor() as cursor:
        cursor.execute(_REMEMBER)


def _tick() -> None:
    plan()
    fire(heartbeat.name())
    start_waiting()
    sql.run("wait")


def _let_some_come_due() -> None:
    with connection.cursor() as cursor:
        cursor.execute(_COME_DUE)


def _some_schedule() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM django_celery_beat_periodictask WHERE name = 'schedule 77'")
        [(pk,)] = cursor.fetchall()
    return int(pk)


def _took(
    do: Callable[[], object], *, first: Callable[[], object] = lambda: None, rounds: int = _ROUNDS
) -> float:
    """Return the median of several rounds in milliseconds; one before them warms up."""
    took = []
    for _ in range(rounds + 1):
        first()
        began = time.perf_counter()
        do()
        took.append((time.perf_counter() - began) * 1000)
    return round(median(took[1:]), 1)


def _asked(do: Callable[[], object], *, first: Callable[[], object]) -> float:
    """Return how long of that it waits for the database's answers, without the commit's."""
    waited = [0.0]

    def wait(execute: Execute, *call: Any) -> object:
        began = time.perf_counter()
        try:
            return execute(*call)
        finally:
            waited[-1] += (time.perf_counter() - began) * 1000

    for _ in range(_ROUNDS + 1):
        first()
        waited.append(0.0)
        with connection.execute_wrapper(wait):
            do()
    return round(median(waited[2:]), 1)


if __name__ == "__main__":
    print(json.dumps(measure()))  # noqa: T201  # the bench reads it
