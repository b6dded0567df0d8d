"""Watch over schedules from outside of beat: one that should have run and did not is an alert.

The leading keeper does it, so that it is seen when no beat lives.
"""

import logging

from django.db.models import QuerySet

from apps.schedules import sql
from apps.schedules.models.alert import Alert

log = logging.getLogger("backline.schedules")


def watch() -> int:
    """Open and close alerts, each told once in the log; return how many."""
    opened = sql.run("open_alerts")
    for name, reason in opened:
        log.error("schedule %r did not run: %s", name, reason)
    closed = sql.run("close_alerts")
    for (name,) in closed:
        log.info("schedule %r is well again", name)
    return len(opened) + len(closed)


def alerts() -> QuerySet[Alert]:
    """Return what is wrong now."""
    return Alert.objects.filter(closed_at=None)
