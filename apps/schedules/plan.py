"""Plan: work out the next moment of schedules that are new or were edited, and write down what they say."""

import logging
from datetime import datetime

from django.db import transaction

from apps.lib.readable_times import is_edge
from apps.schedules import sql, timing
from apps.schedules.models.version import Version
from apps.schedules.row import Row, read
from apps.schedules.start import is_of_row, reason_of
from apps.schedules.timing import Untimely
from apps.schedules.versions import record_rows

log = logging.getLogger("backline.beat")

BATCH = 500


def plan() -> int:
    """Plan up to a batch of edited schedules, in one transaction; return how many."""
    with transaction.atomic(durable=True):
        locked = sql.run("lock_edited", {"half": BATCH // 2})
        if not locked:
            return 0
        now = max(moment for _, moment in locked)
        _plan(read([schedule_id for schedule_id, _ in locked]), now)
    return len(locked)


def _plan(rows: list[Row], now: datetime) -> None:
    """Plan all of them together; one at a time where that fails."""
    try:
        with transaction.atomic():
            _plan_together(rows, now)
    except Exception as error:
        if not is_of_row(error):
            raise
        for row in rows:
            _plan_alone(row, now)


def _plan_alone(row: Row, now: datetime) -> None:
    """Plan one schedule, and set it aside when that fails, whatever is wrong with it."""
    try:
        with transaction.atomic():
            _plan_together([row], now)
    except Exception as error:
        if not is_of_row(error):
            raise
        problem = reason_of(error)
        log.error("schedule %r is set aside: %s", row.name, problem)
        sql.run("plan", {"ids": [row.id], "timing": [""], "next_at": [None], "problem": [problem]})


def _plan_together(rows: list[Row], now: datetime) -> None:
    planned = [_plan_one(row, now) for row in rows]
    params = {
        "ids": [row.id for row in rows],
        "timing": [timing.describe(row) for row in rows],
        "next_at": [next_at for next_at, _ in planned],
        "problem": [problem for _, problem in planned],
    }
    sql.run("plan", params)
    record_rows(rows, Version.How.ELSEWHERE)


def _plan_one(row: Row, now: datetime) -> tuple[datetime | None, str]:
    if not row.enabled or row.runs_left == 0:
        return None, ""
    if row.next_at is not None and not is_edge(row.next_at) and row.timing == timing.describe(row):
        return row.next_at, ""  # other things than its timing were edited: it keeps its step
    try:
        return timing.first_moment(row, now), ""
    except Untimely as error:
        problem = reason_of(error)
        if problem != row.problem:
            log.error("schedule %r is set aside: %s", row.name, problem)
        return None, problem
