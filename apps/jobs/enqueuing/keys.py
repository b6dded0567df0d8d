"""Keys that one job holds, so that there is no second one: of unique kinds, and callers' idempotency keys.

The constraint is the table's: of two transactions at once the second waits for the first, then finds its job.
"""

import inspect
import json
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID

from apps.jobs import sql
from apps.jobs.kinds.kind import Kind, lasting_name
from apps.jobs.states import State
from apps.lib.ids import first_id_of

IDEMPOTENT_FOR = timedelta(hours=24)

_JOBS_OF_KEYS_ARE_SEEN_AFTER = timedelta(days=1)  # longer than any transaction that made both


def key_of(task: Kind, named: Mapping[str, object]) -> bytes:
    """Return what makes a job of a unique kind the same as another: its kind and the arguments that count.

    The kind by its first name: after a rename, and while both releases run, it is the same still.
    """
    unique = task.unique
    names = unique.by if unique is not None and unique.by is not None else tuple(task.parameters.parameters)
    return _hash("unique", lasting_name(task), {name: _value(task, named, name) for name in names})


def idempotency_key_of(task: Kind, owner_id: int | None, tenant: str, given: str) -> bytes:
    """Return what makes two calls the same: the caller's own key, which means nothing to another caller."""
    return _hash("idempotency", lasting_name(task), owner_id, tenant, given)


def take(
    keys: Sequence[bytes],
    job_ids: Sequence[UUID | str],
    *,
    within: timedelta | None,
    states: Collection[State] = frozenset(State),
) -> set[bytes]:
    """Give each job its key, in the caller's transaction; return the keys that no other job holds.

    Wait for transactions that take the same keys.
    """
    params = {
        "keys": list(keys),
        "ids": list(job_ids),
        "within": None if within is None else within.total_seconds(),
        "states": [int(state) for state in states],
    }
    return {bytes(key) for (key,) in sql.run("take_keys", params)}


def take_one(
    key: bytes, job_id: UUID, *, within: timedelta | None, states: Collection[State] = frozenset(State)
) -> UUID | None:
    """Give a job its key, in the caller's transaction; return the job that holds it, if another does."""
    while not take([key], [job_id], within=within, states=states):
        if (holder := holders([key]).get(key)) is not None:  # else it was given up a moment ago
            return holder
    return None


def holders(wanted: Sequence[bytes]) -> dict[bytes, UUID]:
    """Return the jobs that hold these keys, of those that are held."""
    rows = sql.run("key_holders", {"keys": list(wanted)}) if wanted else []
    return {bytes(key): job_id for key, job_id in rows}


def hand_over(key: bytes, job_id: UUID) -> None:
    """Let a key that was just taken answer with another job."""
    sql.run("hand_over_key", {"key": key, "id": job_id})


class Prune:
    """Forget keys that nobody holds any more, a part of the table at each call: a duty of the keeper."""

    def __init__(self, *, batch: int = 10_000) -> None:
        self._batch = batch
        self._after = b""

    def __call__(self) -> int:
        """Look at the next keys, from the first again after the last; return how many are gone."""
        params = {
            "after": self._after,
            "batch": self._batch,
            "long_ago": first_id_of(datetime.now(UTC) - _JOBS_OF_KEYS_ARE_SEEN_AFTER),
        }
        [(gone, last)] = sql.run("prune_keys", params)
        self._after = b"" if last is None else bytes(last)
        return int(gone)


def _value(task: Kind, named: Mapping[str, object], name: str) -> object:
    """Return an argument, or its default: leaving it out is the same as giving it."""
    if name in named:
        return named[name]
    default = task.parameters.parameters[name].default
    return None if default is inspect.Parameter.empty else default


def _hash(*parts: object) -> bytes:
    return sha256(json.dumps(parts, sort_keys=True, default=str).encode("utf-8", "replace")).digest()
