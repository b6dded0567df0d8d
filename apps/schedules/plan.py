"""Plan: work out the next moment of schedules that are new or were edited, and write down what they say."""

import logging
from datetime import datetime

from django.db import transaction

from apps.schedules import sql, timing
from apps.schedules.models.version import Version
from apps.schedules.row import Row, read
from apps.schedules.start import reason_of
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
        rows = read([schedule_id for schedule_id, _ in locked])
        planned = [_plan_one(row, now) for row in rows]
        params = {
            "ids": [row.id for row in rows],
            "timing": [timing.describe(row) for row in rows],
            "next_at": [next_at for next_at, _ in planned],
            "problem": [problem for _, problem in planned],
        }
        sql.run("plan", params)
        record_rows(rows, Version.How.ELSEWHERE)
    return len(locked)


def _plan_one(row: Row, now: datetime) -> tuple[datetime | None, str]:
    if not row.enabled or row.runs_left == 0:
        return None, ""
    if row.next_at is not None and row.timing == timing.describe(row):
        return row.next_at, ""  # other things than its timing were edited: it keeps its step
    try:
        return timing.first_moment(row, now), ""
    except (Untimely, OverflowError) as error:
        problem = reason_of(error)
        if problem != row.problem:
            log.error("schedule %r is set aside: %s", row.name, problem)
        return None, problem
