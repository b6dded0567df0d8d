"""Start what a schedule is for: a job of ours, or a message to another package's Celery task."""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

from django.db import DataError, Error, IntegrityError, OperationalError, transaction
from psycopg.errors import CheckViolation

from apps.jobs import origin, registry, storable
from apps.jobs.enqueuing.enqueue_batch import Call, enqueue_batch
from apps.jobs.origin import current
from apps.lib.ids import made_at, new_id
from apps.schedules import foreign
from apps.schedules.arguments import read_args, read_kwargs
from apps.schedules.row import Row

# What a row that cannot start raises (Unreadable and Untimely are ValueErrors).
REFUSALS = (
    *(registry.UnknownKind, TypeError, ValueError, ArithmeticError, LookupError, AttributeError),
    *(RecursionError, DataError, IntegrityError),
)


def is_of_row(error: Exception) -> bool:
    """Say whether an error belongs to one schedule; those of the database and of this machine do not."""
    if isinstance(error, Error):
        return isinstance(error, DataError | IntegrityError)
    return not isinstance(error, OSError | MemoryError)


def reason_of(error: BaseException) -> str:
    """Return the first line of a refusal, as a person can read and the database can keep."""
    lines = storable.clean(str(error)).splitlines()
    return lines[0][:500] if lines else type(error).__name__


def job_id_for(row: Row) -> UUID | None:
    """Return the id of the job that ``start`` will insert; None for a Celery task, which has no row.

    Raise UnknownKind when this process knows neither.
    """
    if row.task in registry.kinds():
        return new_id()
    if not foreign.is_known(row.task):
        raise registry.UnknownKind(f"No job type or Celery task is called {row.task!r}. Choose another.")
    return None


def start(row: Row, job_id: UUID | None) -> UUID | None:
    """Start it in the caller's transaction; return its job, which is another's when a unique kind has one.

    Raise TypeError or ValueError when its arguments do not fit.
    """
    [started] = start_all([(row, job_id)])
    return started


def start_all(wanted: Sequence[tuple[Row, UUID | None]]) -> list[UUID | None]:
    """Do the same for several, in one statement; return their jobs in order."""
    calls = [_call(row, job_id) for row, job_id in wanted if job_id is not None]
    for row, job_id in wanted:
        if job_id is None:
            _send_after_commit(row)
    if not calls:
        return [None] * len(wanted)
    with _in_a_week_that_is_there(next(job_id for _, job_id in wanted if job_id is not None)):
        jobs = iter(enqueue_batch(calls))
    return [None if job_id is None else next(jobs) for _, job_id in wanted]


def _call(row: Row, job_id: UUID) -> Call:
    options = {
        "queue": row.queue or None,
        "priority": row.priority,
        "expires": row.expire_seconds,
        "task_id": job_id,
        **_jitter(row),
    }
    with origin(subject=row.name):
        return Call(registry.get(row.task), read_args(row), read_kwargs(row), current(), options)


def _send_after_commit(row: Row) -> None:
    message = foreign.message_of(row) | _jitter(row)
    transaction.on_commit(lambda: foreign.send_soon(row.task, message), robust=True)


def _jitter(row: Row) -> dict[str, float]:
    return {"countdown": random.uniform(0, row.jitter_s)} if row.jitter_s else {}


@contextmanager
def _in_a_week_that_is_there(job_id: UUID) -> Iterator[None]:
    """Raise OperationalError where the job's week is missing: that is our trouble, not the schedule's."""
    try:
        yield
    except IntegrityError as error:
        cause = error.__cause__
        if not isinstance(cause, CheckViolation) or cause.diag.constraint_name:
            raise
        day = f"{made_at(job_id):%Y-%m-%d}"
        raise OperationalError(
            f"no week was made for a job of {day}: this machine's clock is wrong, or no keeper ran for weeks"
        ) from error
