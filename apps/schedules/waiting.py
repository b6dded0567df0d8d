"""Start the moments that waited for their schedule's last job to end."""

import logging
from uuid import UUID

from django.db import transaction

from apps.jobs import origin
from apps.schedules import sql
from apps.schedules.models.moment import Moment
from apps.schedules.row import Row, read
from apps.schedules.settle import Settled, settle
from apps.schedules.start import is_of_row, job_id_for, reason_of, start

log = logging.getLogger("backline.beat")

_BATCH = 100


def start_waiting() -> int:
    """Start up to a batch of them, in one transaction; return how many were settled.

    One whose schedule was switched off or deleted meanwhile, or cannot start, is passed over.
    """
    with transaction.atomic(durable=True), origin(trigger="schedule"):
        waiting = sql.run("lock_waiting", {"batch": _BATCH})
        rows = {row.id: row for row in read([schedule_id for _, schedule_id in waiting])} if waiting else {}
        settle(
            [_settled(moment_id, schedule_id, rows.get(schedule_id)) for moment_id, schedule_id in waiting]
        )
    return len(waiting)


def _settled(moment_id: int, schedule_id: int, row: Row | None) -> Settled:
    if row is None or not row.enabled:
        return Settled(moment_id, schedule_id, Moment.Outcome.OVERLAPPED)
    try:
        with transaction.atomic():
            return Settled(moment_id, schedule_id, Moment.Outcome.RAN, _started(row))
    except Exception as error:
        if not is_of_row(error):
            raise
        log.error("the moment of schedule %r that waited is passed over: %s", row.name, reason_of(error))
        return Settled(moment_id, schedule_id, Moment.Outcome.OVERLAPPED)


def _started(row: Row) -> UUID | None:
    return start(row, job_id_for(row))
