"""Run a schedule by hand, beside its moments."""

from collections.abc import Mapping
from uuid import UUID

from celery import current_app
from django.db import connection, transaction

from apps.jobs import broker, origin
from apps.schedules import foreign, sql
from apps.schedules.models.moment import Moment
from apps.schedules.row import read
from apps.schedules.start import job_id_for, start


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
        taken = {"at": now, "beat": by, "job_id": job_id, "outcome": Moment.Outcome.BY_HAND}
        sql.run("take_moment", {"schedule_id": row.id, "missed_since": None, **taken})
    return job_id
