"""Into the ledger: a job is written down in its caller's transaction."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from psycopg.types.json import Jsonb

from apps.jobs import sql
from apps.jobs.states import State
from apps.lib.ids import new_id


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """What the enqueue writes down."""

    kind: str
    queue: str
    args: dict[str, object]
    id: UUID = field(default_factory=new_id)
    priority: int = 0
    max_attempts: int = 3
    owner_id: int | None = None
    trigger: str = "code"
    subject: str = ""
    delay: timedelta = timedelta()
    eta: datetime | None = None  # wins over delay


@dataclass(frozen=True, slots=True)
class Message:
    """One bundle as the broker carries it."""

    id: UUID
    kind: str
    queue: str
    ids: list[UUID]


def enqueue(job: NewJob, *, window: int) -> Message | None:
    """Insert a job in the caller's transaction; return what to publish after its commit, if anything.

    ``window`` is how many messages its queue may have in the broker; past that it stands in line.
    """
    bundle = uuid4()
    params = {
        "id": job.id,
        "bundle": bundle,
        "kind": job.kind,
        "queue": job.queue,
        "args": Jsonb(job.args),
        "priority": job.priority,
        "max_attempts": job.max_attempts,
        "owner_id": job.owner_id,
        "trigger": job.trigger,
        "subject": job.subject,
        "delay": job.delay.total_seconds(),
        "eta": job.eta,
        "window": window,
    }
    [(state,)] = sql.run("enqueue", params)
    return Message(bundle, job.kind, job.queue, [job.id]) if state == State.QUEUED else None
