"""Alerts: the causes that the keeper found, kept for pages, metrics and notifications.

A cause is current when the latest look found it; an alert is open until its cause was absent for LASTING.
"""

import logging
from collections.abc import Iterable, Set
from datetime import timedelta

from django.db import transaction
from django.db.models.functions import Now

from apps.jobs import sql, storable
from apps.jobs.models.alert import Alert
from apps.jobs.operating import engine
from apps.jobs.operating.not_started import Cause

DUTY = "watch health"  # of the keeper; its row holds when it last looked
# Until a cause opens its alert, and until its absence closes it: a restart is none, one good look no end.
LASTING = timedelta(seconds=30)

log = logging.getLogger("backline.health")


def keep(causes: Iterable[Cause]) -> tuple[list[Alert], list[Alert]]:
    """Keep the causes of one look as the current ones; return the alerts that this opened and closed."""
    found = {(cause.reason, cause.queue, cause.kind): cause for cause in reversed(list(causes))}
    with transaction.atomic():
        closed = _close_absent(found.keys())
        Alert.objects.bulk_create(
            [_row(cause) for cause in found.values()],
            update_conflicts=True,
            update_fields=["sentence", "mend", "jobs", "oldest_at", "absent_since"],
            unique_fields=["reason", "queue", "kind"],
        )
        ids = [pk for (pk,) in sql.run("open_alerts", {"lasting": LASTING.total_seconds()})]
        opened = list(Alert.objects.filter(pk__in=ids))
    _log(opened, closed)
    return opened, closed


def current() -> list[Cause]:
    """Return the causes of the latest look, whether their alerts are open or not, or that no keeper looks."""
    now = engine.engine()
    if now.is_read_only:
        return [engine.READ_ONLY]
    if DUTY not in now.duties:
        return now.causes() or [now.silent(DUTY)]
    rows = [
        Cause(row.reason, row.sentence, row.mend, row.queue, row.kind, row.jobs, row.oldest_at)
        for row in Alert.objects.filter(absent_since=None)
    ]
    if error := now.duties[DUTY]:  # then the rows are those of an earlier look
        failing = engine.failing(DUTY, error)
        return [failing, *(row for row in rows if (row.reason, row.queue) != (failing.reason, ""))]
    return rows


def _row(cause: Cause) -> Alert:
    return Alert(
        reason=cause.reason,
        queue=cause.queue,
        kind=cause.kind,
        sentence=storable.clean(cause.sentence),  # an error or a path may hold what no column can
        mend=cause.mend,
        jobs=cause.jobs,
        oldest_at=cause.oldest_at,
        since=Now(),
    )


def _close_absent(keys: Set[tuple[str, str, str]]) -> list[Alert]:
    """Delete the rows whose cause was absent for long; return those whose alert was open."""
    rows = Alert.objects.select_for_update()
    absent = [row.pk for row in rows if (row.reason, row.queue, row.kind) not in keys]
    Alert.objects.filter(pk__in=absent, absent_since=None).update(absent_since=Now())
    gone = list(Alert.objects.filter(pk__in=absent, absent_since__lte=Now() - LASTING))
    sql.run("delete_alerts", {"ids": [row.pk for row in gone]})
    return [row for row in gone if row.opened_at is not None]


def _log(opened: Iterable[Alert], closed: Iterable[Alert]) -> None:
    for alert in opened:
        log.error("alert opened: %s %s", alert.sentence, alert.mend)
    for alert in closed:
        log.info("alert closed: %s", alert.sentence)
