"""Into the ledger: a job is written down in its caller's transaction."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from psycopg.types.json import Jsonb

from apps.jobs import sql
from apps.jobs.states import UNTIL_ITS_BATCH_ENDED, State
from apps.lib.ids import new_id


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """What the enqueue writes down."""

    kind: str
    queue: str
    args: dict[str, object]
    aliases: tuple[str, ...] = ()  # former names of the kind: a pause of one holds it too
    id: UUID = field(default_factory=new_id)
    priority: int = 0
    max_attempts: int = 3
    owner_id: int | None = None
    trigger: str = "code"
    subject: str = ""
    tenant: str = ""
    limit_key: str = ""  # of a kind with limits: the relay alone lets it start
    tags: tuple[str, ...] = ()
    request_id: str = ""
    parent_id: UUID | None = None
    schema_version: int = 1
    delay: timedelta = timedelta()
    eta: datetime | None = None  # wins over delay
    expires: timedelta | None = None
    expires_at: datetime | None = None  # wins over expires
    options: dict[str, object] | None = None  # Celery's, that came with the call

    @property
    def lane(self) -> str:
        """Return where it stands in line: tenants take turns, and a limited key holds up nobody else."""
        return f"{self.tenant}/{self.limit_key}" if self.limit_key else self.tenant


@dataclass(frozen=True, slots=True)
class Message:
    """One bundle as the broker carries it."""

    id: UUID
    kind: str
    queue: str
    ids: list[UUID]
    first_args: str | None = None  # of its first job, as JSON, where they were read along


class IdTakenError(ValueError):
    """A job has this id already; nothing was inserted."""


def enqueue(job: NewJob, *, window: int, per_slot: int = 0) -> Message | None:
    """Insert a job in the caller's transaction; return what to publish after its commit, if anything.

    ``window`` is how many messages its queue may have in the broker at least, ``per_slot`` for each slot of
    the live workers; past that it stands in line.
    """
    bundle = uuid4()
    params = as_params(job) | {
        "bundle": bundle,
        "args": Jsonb(job.args),
        "window": window,
        "per_slot": per_slot,
    }
    rows = sql.run_planned("enqueue", params)
    if not rows:
        raise IdTakenError(f"{job.kind}: there is a job {job.id} already.")
    [(state,)] = rows
    return Message(bundle, job.kind, job.queue, [job.id]) if state == State.QUEUED else None


def enqueue_in_line(jobs: Sequence[NewJob]) -> None:
    """Insert jobs of any kinds in the caller's transaction; the relay decides when each goes out."""
    records = [as_params(job) | {"args": job.args, "options": job.options} for job in jobs]
    sql.run("enqueue_in_line", {"jobs": json.dumps(records, default=str)})  # ids and times as text


def enqueue_behind_its_batch(job: NewJob) -> None:
    """Insert a job that sleeps until those that will name it as their parent have ended."""
    sleeping = replace(job, delay=timedelta(), eta=UNTIL_ITS_BATCH_ENDED, expires=None, expires_at=None)
    enqueue(sleeping, window=0)
    sql.run("open_batch", {"id": job.id})


def as_params(job: NewJob) -> dict[str, object]:
    """Return what a statement is told of a new job."""
    return {
        "id": job.id,
        "kind": job.kind,
        "names": [job.kind, *job.aliases],
        "queue": job.queue,
        "priority": job.priority,
        "max_attempts": job.max_attempts,
        "owner_id": job.owner_id,
        "trigger": job.trigger,
        "subject": job.subject,
        "tenant": job.tenant,
        "lane": job.lane,
        "limit_key": job.limit_key,
        "tags": list(job.tags) or None,
        "request_id": job.request_id,
        "parent_id": job.parent_id,
        "schema_version": job.schema_version,
        "delay": job.delay.total_seconds(),
        "eta": job.eta,
        "expires": None if job.expires is None else job.expires.total_seconds(),
        "expires_at": job.expires_at,
        "options": None if job.options is None else Jsonb(job.options),
    }
