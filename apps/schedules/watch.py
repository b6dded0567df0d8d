"""Watch over schedules from outside of beat: one that did not run on time is an alert.

The leading keeper does it, so that it is seen when no beat lives.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction
from django.db.models import QuerySet

from apps.events import emit_many
from apps.schedules import sql
from apps.schedules.events import ScheduleMissed, ScheduleRecovered
from apps.schedules.models.alert import Alert

_LOCK = 0x77617463  # "watc"

log = logging.getLogger("backline.schedules")


def watch() -> int:
    """Open and close alerts, each told once as an event and in the log; return how many."""
    with no_watch_under_way():
        opened = sql.run("open_alerts")
        closed = sql.run("close_alerts")
        emit_many(ScheduleMissed(schedule_id=pk, schedule=name, reason=reason) for pk, name, reason in opened)
        emit_many(ScheduleRecovered(schedule_id=pk, schedule=name) for pk, name in closed)
    for _, name, reason in opened:
        log.error("schedule %r did not run: %s", name, reason)
    for _, name in closed:
        log.info("schedule %r is well again", name)
    return len(opened) + len(closed)


@contextmanager
def no_watch_under_way() -> Iterator[None]:
    """Wait for a watch to end, and let none begin: its alerts and what they started are there together.

    Whoever is started by an alert and reads them inside the block sees that alert, also when it was claimed
    before the watch had committed.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        yield


def alerts() -> QuerySet[Alert]:
    """Return what is wrong now."""
    return Alert.objects.filter(closed_at=None)
