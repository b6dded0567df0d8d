"""Every write to a job's state, in the order of a job's life.  Read this first.

Each function walks arrows of ``states.MOVES`` in one statement and says whether it
did. A move names the state it starts from; a move of a running job also names its
lease, so a worker that lost it changes nothing.
"""

import json
import os
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from psycopg.types.json import Jsonb

from apps.jobs import sql
from apps.jobs.states import Outcome, State
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


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to run one attempt of a job, and to write what comes of it."""

    id: UUID
    bundle: UUID
    lease: UUID
    kind: str
    attempt: int
    max_attempts: int
    failures: int
    args: dict[str, object]
    started_at: datetime

    @property
    def is_last_try(self) -> bool:
        """Say whether a failure now is final."""
        return self.failures + 1 >= self.max_attempts


@dataclass(frozen=True, slots=True)
class Trouble:
    """What went wrong in an attempt, for its story and for the dead letter."""

    message: str
    error_type: str = ""
    traceback: str = ""
    fingerprint: str = ""


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


def release(batch: int = 500) -> int:
    """Put sleeping jobs whose time has come in line; return how many."""
    return len(sql.run("release", {"batch": batch}))


def relay(queue: str, room: int) -> list[Message]:
    """Move the first jobs in line into the window; return what to publish after the commit."""
    return [_message(row) for row in sql.run("relay", {"queue": queue, "room": room})]


def republish(*, patience: timedelta, everything: bool = False) -> list[Message]:
    """Find messages that nobody claimed in time; return what to publish again, oldest first."""
    params = {"patience": patience.total_seconds(), "everything": everything}
    lost = [_message(row) for row in sql.run("republish", params)]
    return sorted(lost, key=lambda message: message.ids[0])


def claim(ids: Collection[UUID], *, bundle: UUID, worker_id: int) -> list[Claim]:
    """Take jobs that wait; one that is missing from the answer was taken, cancelled or ended before."""
    lease = uuid4()
    params = {"ids": list(ids), "lease": lease, "worker_id": worker_id, "pid": os.getpid()}
    return [
        Claim(job_id, bundle, lease, kind, attempt, max_attempts, failures, json.loads(args), started_at)
        for job_id, kind, attempt, max_attempts, failures, args, started_at in sql.run("claim", params)
    ]


def succeed(claim: Claim, result: object) -> bool:
    """Finish a running job, unless its lease was lost to a rescue."""
    params = {"id": claim.id, "lease": claim.lease, "bundle": claim.bundle, "result": Jsonb(result)}
    return bool(sql.run("succeed", params))


def retry(claim: Claim, trouble: Trouble, delay: timedelta) -> bool:
    """Let a failed job sleep until its next attempt; end it as cancelled when a person asked it to stop."""
    return _put_off(claim, State.RETRYING, Outcome.FAILED, trouble, delay)


def snooze(claim: Claim, delay: timedelta, reason: str) -> bool:
    """Let a running job sleep because it asked to; no failure is counted. A cancel is obeyed, as by retry."""
    return _put_off(claim, State.SCHEDULED, Outcome.SNOOZED, Trouble(reason), delay)


def bury(claim: Claim, trouble: Trouble, evidence: dict[str, object]) -> bool:
    """End a job as dead, with its dead letter."""
    return _end_badly(claim, State.DEAD, Outcome.FAILED, trouble, evidence)


def stop(claim: Claim) -> bool:
    """End a running job as cancelled, since it saw that a person asked."""
    return _end_badly(claim, State.CANCELLED, Outcome.CANCELLED, Trouble("Somebody asked it to stop."), {})


def cancel(job_id: UUID) -> State | None:
    """Cancel a waiting job at once, or ask a running one to stop; return its state, None if it had ended."""
    rows = sql.run("cancel", {"id": job_id})
    return State(rows[0][0]) if rows else None


def rescue(workers: Collection[int], *, max_deaths: int) -> list[UUID]:
    """Take back what dead workers were running."""
    return _take_back(
        charged=True,
        workers=list(workers),
        pid=None,
        max_deaths=max_deaths,
        outcome=Outcome.LOST,
        message="Its worker died.",
    )


def rescue_child(worker_id: int, pid: int, *, max_deaths: int) -> list[UUID]:
    """Take back what one dead child process of a live worker was running."""
    return _take_back(
        charged=True,
        workers=[worker_id],
        pid=pid,
        max_deaths=max_deaths,
        outcome=Outcome.LOST,
        message=f"Its worker process {pid} was killed.",
    )


def hand_back(worker_id: int, pid: int | None = None) -> list[UUID]:
    """Give back what a worker that stops on purpose was running; nothing is held against the jobs."""
    return _take_back(
        charged=False,
        workers=[worker_id],
        pid=pid,
        max_deaths=0,
        outcome=Outcome.HANDED_BACK,
        message="Its worker stopped and gave it back.",
    )


def _take_back(**params: object) -> list[UUID]:
    return [row[0] for row in sql.run("rescue", params)]


def _put_off(claim: Claim, state: State, outcome: Outcome, trouble: Trouble, delay: timedelta) -> bool:
    params = _story(claim, state, outcome, trouble) | {"delay": delay.total_seconds()}
    return bool(sql.run("put_off", params))


def _end_badly(
    claim: Claim, state: State, outcome: Outcome, trouble: Trouble, evidence: dict[str, object]
) -> bool:
    params = _story(claim, state, outcome, trouble) | {
        "fingerprint": trouble.fingerprint,
        "evidence": Jsonb(evidence),
    }
    return bool(sql.run("end_badly", params))


def _story(claim: Claim, state: State, outcome: Outcome, trouble: Trouble) -> dict[str, object]:
    return {
        "id": claim.id,
        "lease": claim.lease,
        "bundle": claim.bundle,
        "state": int(state),
        "number": claim.attempt,
        "outcome": outcome.value,
        "error_type": trouble.error_type,
        "message": trouble.message,
        "traceback": trouble.traceback,
    }


def _message(row: tuple[Any, ...]) -> Message:
    return Message(*row)
