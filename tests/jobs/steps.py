"""Walk jobs through their lives by true transitions, and say what must hold after every step."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID, uuid4

import psycopg
from django.apps import apps
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from apps.jobs import transitions
from apps.jobs.models import Bundle, Duty, Job, Worker
from apps.jobs.states import State
from apps.jobs.transitions import Claim, Message, NewJob, Trouble
from apps.jobs.worker import registration
from tests.kinds import add, fail, walk  # noqa: F401  # each is a Celery task from here on

R = TypeVar("R")

KIND, QUEUE = "kinds.add", "default"
HOUR = timedelta(hours=1)
TROUBLE = Trouble("It broke.", "ValueError", "Traceback", "ValueError in here")


def open_transaction() -> transaction.Atomic:
    """Return a transaction in which a keeper's own transactions may run, as in Django's TestCase."""
    around = transaction.atomic()
    around._from_testcase = True  # type: ignore[attr-defined]  # Django's mark for exactly this
    return around


def a_worker(name: str = "one@here", *, queues: tuple[str, ...] = (QUEUE,), concurrency: int = 2) -> int:
    """Sign a worker on."""
    registered = registration.register(name=name, hostname="here", queues=queues, concurrency=concurrency)
    return registered.worker_id


def a_keeper(*duties: str) -> None:
    """Have a keeper lead and write down its duties, that to relay by default."""
    for name in duties or ("relay",):
        moment = {"keeper": "here:1", "ran_at": Now(), "took_ms": 1.0, "error": ""}
        Duty.objects.update_or_create(name=name, defaults=moment)


def new_job(**fields: Any) -> NewJob:
    """Make what the enqueue writes down."""
    return NewJob(**{"kind": KIND, "queue": QUEUE, "args": {"a": 1}} | fields)


def enqueued(*, window: int = 100, **fields: Any) -> UUID:
    """Enqueue a job, by default into a window with room."""
    job = new_job(**fields)
    transitions.enqueue(job, window=window)
    return job.id


def in_line(**fields: Any) -> UUID:
    """Enqueue a job that has to stand in line."""
    return enqueued(window=0, **fields)


def bundle_of(job_id: UUID) -> UUID:
    """Return the bundle that carries a job, or an id that no bundle has."""
    found = Bundle.objects.filter(ids__contains=[job_id]).order_by("published_at").last()
    return found.id if found else uuid4()


def claimed(job_id: UUID, worker_id: int) -> Claim:
    """Claim a job as the worker that got its message, which one in line gets first."""
    if stands_in_line(job_id):
        transitions.relay(Job.objects.values_list("queue", flat=True).get(id=job_id), 1000)
    [claim] = transitions.claim([job_id], bundle=bundle_of(job_id), worker_id=worker_id)
    return claim


def end(claim: Claim, how: State = State.SUCCEEDED) -> None:
    """Let a running job end in a state."""
    match how:
        case State.SUCCEEDED:
            transitions.succeed(claim, None)
        case State.DEAD:
            transitions.bury(claim, TROUBLE, {})
        case State.CANCELLED:
            transitions.stop(claim)


def delivered(claim: Claim, worker_id: int) -> list[Claim]:
    """Bring a job's message to a worker, whatever became of the job."""
    if stands_in_line(claim.id):
        transitions.relay(QUEUE, 1000)
    return transitions.claim([claim.id], bundle=bundle_of(claim.id), worker_id=worker_id)


def running(worker_id: int | None = None, **fields: Any) -> Claim:
    """Enqueue and claim a job."""
    return claimed(enqueued(**fields), worker_id or a_worker())


def job_in(state: State, worker_id: int | None = None) -> Claim:
    """Bring a job into a state; return the claim it has, had, or never had."""
    match state:
        case State.SCHEDULED:
            return _never_issued(enqueued(delay=HOUR))
        case State.READY:
            return _never_issued(in_line())
        case State.QUEUED:
            return _never_issued(enqueued())
    claim = running(worker_id)
    match state:
        case State.RETRYING:
            transitions.retry(claim, TROUBLE, HOUR)
        case State.SUCCEEDED:
            transitions.succeed(claim, "done")
        case State.DEAD:
            transitions.bury(claim, TROUBLE, {})
        case State.CANCELLED:
            transitions.stop(claim)
    return claim


def state_of(job_id: UUID) -> State:
    """Return where a job stands."""
    return State(Job.objects.values_list("state", flat=True).get(id=job_id))


def row_of(job_id: UUID) -> dict[str, Any]:
    """Return everything the ledger says about a job."""
    return dict(Job.objects.values().get(id=job_id))


def stands_in_line(job_id: UUID) -> bool:
    """Say whether the relay would find a job."""
    return bool(_rows("SELECT 1 FROM jobs_ready WHERE id = %s", [job_id]))


def is_in_window(job_id: UUID) -> bool:
    """Say whether a bundle carries a job."""
    return Bundle.objects.filter(ids__contains=[job_id]).exists()


def its_time_comes(job_id: UUID) -> None:
    """Move a sleeping job's moment into the past."""
    Job.objects.filter(id=job_id, run_after__isnull=False).update(run_after="2001-01-01T00:00Z")


def bundles_grow_old(by: timedelta = HOUR) -> None:
    """Let time pass for every message in the broker."""
    Bundle.objects.update(published_at=F("published_at") - by)


def falls_silent(worker_id: int) -> None:
    """Let a worker's last heartbeat be an hour ago."""
    Worker.objects.filter(id=worker_id).update(heartbeat_at=F("heartbeat_at") - HOUR)


def published_ids(messages: list[Message]) -> list[UUID]:
    """Return the jobs that messages carry, in their order."""
    return [job_id for message in messages for job_id in message.ids]


def assert_nothing_is_lost() -> None:
    """Every job that lives and does not sleep stands in line, parked or in a bundle, where it is found.

    And what ended as dead has its dead letter.
    """
    lost = _rows(
        "SELECT id, state FROM jobs_job AS j WHERE state IN (1, 2, 3)"
        " AND NOT EXISTS (SELECT FROM jobs_ready AS r WHERE r.id = j.id)"
        " AND NOT EXISTS (SELECT FROM jobs_parked AS p WHERE p.id = j.id AND j.state <> 3)"
        " AND NOT EXISTS (SELECT FROM jobs_bundle AS b WHERE j.id = ANY (b.ids))"
    )
    assert not lost, f"nothing will ever find {lost}"
    unexplained = _rows(
        "SELECT id FROM jobs_job AS j WHERE state = 7"
        " AND NOT EXISTS (SELECT FROM jobs_dead_letter AS d WHERE d.job_id = j.id)"
    )
    assert not unexplained, f"no dead letter for {unexplained}"


def forget_all_jobs() -> None:
    """Empty the tables of jobs; Django's own way would flush every table of every app."""
    tables = [model._meta.db_table for model in apps.get_app_config("jobs").get_models()]
    with connection.cursor() as cursor:
        cursor.execute(";".join(f"DELETE FROM {table}" for table in tables))


class Session:
    """Another process's session with the database: a thread with its own connection."""

    def __init__(self, thread: ThreadPoolExecutor) -> None:
        self._thread = thread
        self.pid: int = thread.submit(lambda: int(_rows("SELECT pg_backend_pid()")[0][0])).result()

    def start(self, work: Callable[[], R]) -> Future[R]:
        """Begin something that may have to wait."""
        return self._thread.submit(work)

    def do(self, work: Callable[[], R]) -> R:
        """Do something and wait for it."""
        return self._thread.submit(work).result(timeout=30)

    def waits_for_a_lock(self) -> bool:
        """Say whether another session makes this one wait."""
        return bool(_rows("SELECT 1 WHERE cardinality(pg_blocking_pids(%s)) > 0", [self.pid]))


@contextmanager
def another_session() -> Iterator[Session]:
    """Open a second session with the database; close it at the end."""
    with ThreadPoolExecutor(1) as thread:
        try:
            yield Session(thread)
        finally:
            thread.submit(_close_session).result()


def end_session(pid: int) -> None:
    """End a session as an administrator or a crash would, from a session of our own."""
    with another_session() as admin:
        admin.do(lambda: _rows("SELECT pg_terminate_backend(%s, 5000)", [pid]))


def _close_session() -> None:
    # The server releases the locks of a closed session a moment later; those of a rollback at once.
    if connection.connection is not None:
        with suppress(psycopg.Error):
            connection.connection.rollback()
    connection.close()


def my_session() -> int:
    """Return the pid that serves this thread's connection."""
    return int(_rows("SELECT pg_backend_pid()")[0][0])


def _never_issued(job_id: UUID) -> Claim:
    return Claim(job_id, bundle_of(job_id), uuid4(), KIND, os.getpid(), 3, 0, {})


def _rows(text: str, params: list[Any] | None = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(text, params)
        return list(cursor.fetchall())


def released(job_id: UUID) -> int:
    """Let a sleeping job's time come, and release what is due."""
    its_time_comes(job_id)
    return transitions.release()
