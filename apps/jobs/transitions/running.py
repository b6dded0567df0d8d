"""What runs: a claim, and the outcomes that only its holder may write."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from psycopg.types.json import Jsonb

from apps.jobs import sql, storable
from apps.jobs.states import Outcome, State

_NO_OPTIONS: Mapping[str, object] = MappingProxyType({})


class Claim(NamedTuple):
    """The right to run one attempt of a job, and to write what comes of it."""

    id: UUID
    bundle: UUID
    lease: UUID
    kind: str
    attempt: int
    max_attempts: int
    failures: int
    args: dict[str, object]
    schema_version: int = 1
    options: Mapping[str, object] = _NO_OPTIONS
    is_limited: bool = False  # it holds a slot of a limit
    closes: UUID | None = None  # the bundle that leaves the window with this job: it came alone

    @property
    def was_cut_off(self) -> bool:
        """Say whether an attempt before did not end by itself: perhaps its worker died of it."""
        return self.attempt > self.failures + 1

    @property
    def is_last_try(self) -> bool:
        """Say whether a failure now is final."""
        return self.failures + 1 >= self.max_attempts


class Success(NamedTuple):
    """A job that ended well, before it is written down."""

    claim: Claim
    result: str = "null"  # as JSON
    began_s: float = 0.0  # after its claim: a bundle claims all its jobs at once


@dataclass(frozen=True, slots=True)
class Trouble:
    """What went wrong in an attempt, for its story and for the dead letter."""

    message: str
    error_type: str = ""
    traceback: str = ""
    fingerprint: str = ""


def claim(ids: Sequence[UUID], *, bundle: UUID, worker_id: int, lease: UUID | None = None) -> list[Claim]:
    """Take jobs that wait; one that is missing from the answer was taken, cancelled or ended before.

    ``lease`` is a new one, of a caller that has to find its claim again when the answer is lost.
    """
    lease = lease or uuid4()
    params = {"bundle": bundle, "lease": lease, "worker_id": worker_id, "pid": os.getpid()}
    if len(ids) == 1:
        rows = sql.run_planned("claim_one", params | {"id": ids[0]})
        return [_claim(row, bundle, lease, closes=bundle) for row in rows]
    found = {row[0]: row for row in sql.run("claim", params | {"ids": sql.array(ids)})}
    return [_claim(found[job_id], bundle, lease, closes=None) for job_id in ids if job_id in found]


def held(job_id: UUID, lease: UUID) -> Claim | None:
    """Return the claim of a process that is gone, for the outcome that is written in its name."""
    rows = sql.run("held", {"id": job_id, "lease": lease})
    if not rows:
        return None
    *row, bundle = rows[0]
    return _claim(tuple(row), bundle or UUID(int=0), lease, bundle)


def finish(successes: Sequence[Success], *, closes: UUID | None = None) -> set[UUID]:
    """Finish running jobs of one claim; return those that were refused: a rescue took their lease.

    ``closes`` is the bundle of which nothing is left after this.
    """
    if len(successes) == 1:
        return _finish_one(successes[0], closes)
    params = {
        "ids": sql.array(success.claim.id for success in successes),
        "lease": successes[0].claim.lease,
        "outcomes": "{" + ",".join([_outcome(success) for success in successes]) + "}",
        "limited": [success.claim.id for success in successes if success.claim.is_limited],
        "closes": closes,
    }
    return {job_id for (job_id,) in sql.run("finish", params)}


def succeed(claim: Claim, result: object) -> bool:
    """Finish one running job, unless its lease was lost to a rescue."""
    return not finish([Success(claim, storable.as_json(result))], closes=claim.closes)


def close(bundle: UUID) -> None:
    """Take a bundle out of the window whose jobs all ended or sleep."""
    sql.run("close", {"bundle": bundle})


def retry(claim: Claim, trouble: Trouble, delay: timedelta) -> bool:
    """Let a failed job sleep until its next attempt; end it as cancelled when a person asked it to stop."""
    return _put_off(claim, State.RETRYING, Outcome.FAILED, trouble, delay)


def snooze(claim: Claim, delay: timedelta, reason: str, *, error_type: str = "") -> bool:
    """Let a running job sleep because it asked to; no failure is counted. A cancel is obeyed, as by retry."""
    return _put_off(claim, State.SCHEDULED, Outcome.SNOOZED, Trouble(reason, error_type), delay)


def bury(claim: Claim, trouble: Trouble, evidence: dict[str, object]) -> bool:
    """End a job as dead, with its dead letter."""
    return _end_badly(claim, State.DEAD, Outcome.FAILED, trouble, evidence)


def stop(claim: Claim, reason: str = "Cancelled on request.") -> bool:
    """End a running job as cancelled, since it saw that a person asked, or asked itself to be ignored."""
    return _end_badly(claim, State.CANCELLED, Outcome.CANCELLED, Trouble(reason), {})


def _finish_one(success: Success, closes: UUID | None) -> set[UUID]:
    claim = success.claim
    params = {
        "id": claim.id,
        "lease": claim.lease,
        "result": success.result,
        "began_s": success.began_s,
        "closes": closes,
    }
    [(done,)] = sql.run_planned("finish_one", params)
    return set() if done else {claim.id}


def _outcome(success: Success) -> str:
    """Return a member of the JSON object that holds a bundle's starts and results by the jobs' ids."""
    return f'"{success.claim.id}":[{success.began_s:.6f},{success.result}]'


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
        "closes": claim.closes,
        "limited": claim.is_limited,
        "state": int(state),
        "number": claim.attempt,
        "outcome": outcome.value,
        "error_type": trouble.error_type,
        "message": trouble.message,
        "traceback": trouble.traceback,
    }


def _claim(row: tuple[Any, ...], bundle: UUID, lease: UUID, closes: UUID | None) -> Claim:
    job_id, kind, attempt, most, failures, args, version, options, is_limited = row
    return Claim(
        job_id,
        bundle,
        lease,
        kind,
        attempt,
        most,
        failures,
        json.loads(args),
        version,
        json.loads(options) if options else _NO_OPTIONS,
        is_limited,
        closes,
    )
