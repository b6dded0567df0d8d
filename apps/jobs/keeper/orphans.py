"""Forget what gone jobs left in other tables: failed attempts, log lines, progress, letters, files' rows."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings

from apps.jobs import sql
from apps.jobs.keeper.sober_clock import earliest_now
from apps.lib.ids import first_id_of

_FROM_THE_START = UUID(int=0)
_TABLES = ("jobs_attempt", "jobs_log_line", "jobs_progress", "jobs_dead_letter", "jobs_artifact")


def delete(batch: int, before: datetime) -> Iterator[int]:
    """Walk through these tables by their jobs' ids, a part at a time; tell how many rows each part deleted.

    Jobs of the week in which ``before`` lies are not gone yet. Receipts of effects stay for longer: a job
    of a year later may ask for one.
    """
    monday = before - timedelta(days=before.weekday())
    week = monday.replace(hour=0, minute=0, second=0, microsecond=0)
    for table in _TABLES:
        yield from _walk("prune_orphans", table, week, batch)
    if settings.BACKLINE_EFFECT_DAYS:
        yield from _walk("prune_effects", "jobs_effect", week, batch)


def _walk(statement: str, table: str, before: datetime, batch: int) -> Iterator[int]:
    after, looked = _FROM_THE_START, batch
    done_before = earliest_now() - timedelta(days=settings.BACKLINE_EFFECT_DAYS)
    while looked == batch:
        params = {"after": after, "before": first_id_of(before), "batch": batch, "done_before": done_before}
        [(looked, gone, last)] = sql.run_on(table, statement, params)
        yield gone
        if last is not None:
            # rows of the last job may be left; but one that lives may have more than a part can hold
            after = UUID(int=last.int + 1) if last == after and not gone else last
