"""The table of workers: heartbeat, sign off, and what each is running."""

from typing import NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import Sum
from django.db.models.functions import Now

from apps.jobs import process, sql
from apps.jobs.models.worker import Worker
from apps.jobs.states import State


def beat(worker_id: int, *, has_lock: bool = False) -> bool:
    """Say that a worker lives, also when it had been taken for dead meanwhile; False: it has no row."""
    return bool(sql.run("beat", {"id": worker_id, "pid": process.main_pid(), "has_lock": has_lock}))


def lock(worker_id: int) -> bool:
    """Take a worker's lock for this session, with which it goes; say whether this session holds it.

    Behind a pooler the session is not ours, and the lock would tell nothing: there it is not taken.
    """
    connection.ensure_connection()
    session = connection.connection.info.backend_pid
    return bool(sql.run("lock_worker", {"id": worker_id, "session": session})[0][0])


def sign_off(worker_id: int) -> None:
    """Record that a worker stopped by itself; with a heartbeat, since a stop after a silence is a death."""
    Worker.objects.filter(pk=worker_id, stopped_at=None).update(stopped_at=Now(), heartbeat_at=Now())


def running_on(worker_id: int) -> int:
    """Count the jobs that a worker holds now, by way of the window."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM jobs_job WHERE id = ANY (ARRAY(SELECT unnest(ids) FROM jobs_bundle)) "
            "AND state = %s AND worker_id = %s",
            [State.RUNNING, worker_id],
        )
        [(count,)] = cursor.fetchall()
    return int(count)


class Running(NamedTuple):
    """A job that the ledger says runs on a worker."""

    job: UUID
    lease: UUID
    pid: int


def jobs_running_on(worker_id: int) -> list[Running]:
    """Return the jobs that a worker holds now, by way of the window."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, lease, worker_pid FROM jobs_job "
            "WHERE id = ANY (ARRAY(SELECT unnest(ids) FROM jobs_bundle)) AND state = %s AND worker_id = %s",
            [State.RUNNING, worker_id],
        )
        return [Running(*row) for row in cursor.fetchall()]


def held_by(worker_id: int, pid: int) -> list[UUID]:
    """Return the jobs that one process of a worker holds now, by way of the window."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM jobs_job WHERE id = ANY (ARRAY(SELECT unnest(ids) FROM jobs_bundle)) "
            "AND state = %s AND worker_id = %s AND worker_pid = %s",
            [State.RUNNING, worker_id, pid],
        )
        return [job_id for (job_id,) in cursor.fetchall()]


def places() -> int:
    """Count the jobs that the live workers can run at once."""
    return Worker.objects.filter(stopped_at=None).aggregate(places=Sum("concurrency"))["places"] or 0
