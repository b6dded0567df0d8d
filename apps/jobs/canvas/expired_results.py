"""Delete the results that Celery's ``result_expires`` ends, as far as nothing needs them.

A chord reads the results of its parts when the last of them ends, which may be days after the first. A
pointer from Celery's id to a job is written when the job is enqueued: it lasts as long as the job.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.utils import timezone
from django_celery_results.models import TaskResult
from kombu.exceptions import KombuError

from apps.jobs import sql
from apps.jobs.enqueuing.celery_ids import REPLACED

_BATCH = 1000

Decode = Callable[[TaskResult, str], object]


def delete(expires: timedelta, decode: Decode) -> int:
    """Delete results that are older; return how many."""
    [(gone,)] = sql.run("delete_expired_results", {"expires": expires, "pointer": REPLACED})
    return int(gone) + _delete_pointers(expires, decode)


def _delete_pointers(expires: timedelta, decode: Decode) -> int:
    """Delete pointers to jobs that are gone; a younger pointer's job may not have been enqueued yet."""
    if not settings.BACKLINE_JOB_DAYS:
        return 0
    gone = 0
    for pointers in _old_pointers(max(expires, timedelta(days=settings.BACKLINE_JOB_DAYS))):
        targets = {pointer.pk: _target(pointer, decode) for pointer in pointers}
        wanted = [job_id for job_id in targets.values() if job_id is not None]
        there = {job_id for (job_id,) in sql.run("knows", {"ids": wanted})}
        dangling = [pk for pk, job_id in targets.items() if job_id not in there]
        gone += TaskResult.objects.filter(pk__in=dangling).delete()[0]
    return gone


def _old_pointers(age: timedelta) -> Iterator[Sequence[TaskResult]]:
    old = TaskResult.objects.filter(status=REPLACED, date_done__lt=timezone.now() - age).order_by("pk")
    last = 0
    while pointers := list(old.filter(pk__gt=last)[:_BATCH]):
        yield pointers
        last = pointers[-1].pk


def _target(pointer: TaskResult, decode: Decode) -> UUID | None:
    """Return the job that a pointer names; None for a text that names none."""
    try:
        return UUID(str(decode(pointer, pointer.result)))
    except (ValueError, KombuError):
        return None
