"""Run a schedule by hand, beside its moments."""

from collections.abc import Mapping
from uuid import UUID

from celery import current_app
from django.db import connection, transaction

from apps.jobs import origin
from apps.jobs.messages import broker
from apps.schedules import foreign
from apps.schedules.models.moment import Moment
from apps.schedules.row import read
from apps.schedules.start import job_id_for, start
from apps.schedules.take import NewMoment, take


def run_now(
    schedule_id: int, *, owner_id: int | None, by: str, instead: Mapping[str, str] | None = None
) -> UUID | None:
    """Start what a schedule starts, in the name of this person; its history tells. Return the job.

    ``instead`` are other ``args`` and ``kwargs`` than the schedule's, as JSON text, for this once.

    Raise UnknownKind, TypeError or ValueError when it cannot start, BrokerAway when a Celery task without a
    row was not sent.
    """
    [row] = read([schedule_id])
    row = row._replace(jitter_s=0, **(instead or {}))  # type: ignore[arg-type]  # both are text
    with transaction.atomic(), origin(owner_id=owner_id, trigger="web"):
        job_id = job_id_for(row)
        if job_id is None:
            with broker.connected(confirm=True) as producer:
                current_app.send_task(row.task, producer=producer, retry=False, **foreign.message_of(row))
        else:
            job_id = start(row, job_id)
        with connection.cursor() as cursor:
            cursor.execute("SELECT clock_timestamp()")
            [(now,)] = cursor.fetchall()
        take([NewMoment(row.id, now, Moment.Outcome.BY_HAND, job_id)], by)
    return job_id
