"""Insert jobs of several kinds in their caller's transaction, in one statement."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from django.db import transaction

from apps.jobs import transitions
from apps.jobs.enqueuing import deadlocks, quotas
from apps.jobs.enqueuing.enqueue_one import enqueue_one, new_job
from apps.jobs.enqueuing.unique_batch import holders
from apps.jobs.kinds.kind import Kind
from apps.jobs.origin import Origin
from apps.jobs.transitions import NewJob


class Call(NamedTuple):
    """One job that is asked for, as ``JobTask.enqueue`` takes it."""

    task: Kind
    args: Sequence[object]
    kwargs: Mapping[str, object]
    origin: Origin
    options: Mapping[str, object]


def enqueue_batch(calls: Sequence[Call]) -> list[UUID]:
    """Insert a job for each call; return their ids in order, or of those that hold a unique kind's key.

    They stand in line, where the relay packs them; one that comes alone or with its caller's key goes the way
    of ``enqueue``. All or none. Raise TypeError or ValueError for the first that does not fit.
    """
    if len(calls) == 1:
        return [enqueue_one(*calls[0])]
    asking = [call.origin for call in calls]
    made = [(call, None if _has_callers_key(call) else new_job(*call)[0]) for call in calls]
    has_keys = any(new is None or call.task.unique for call, new in made)
    return deadlocks.retried(lambda: _insert(made, asking, has_keys=has_keys))


def _insert(
    made: Sequence[tuple[Call, NewJob | None]], asking: Sequence[Origin], *, has_keys: bool
) -> list[UUID]:
    with transaction.atomic(savepoint=has_keys or quotas.count_for(asking)):
        if has_keys:
            quotas.stand_by(*asking)  # all of them first: of two callers none waits for both
        held = _enqueue_in_line(made)
        return [enqueue_one(*call) if new is None else held.get(new.id, new.id) for call, new in made]


def _enqueue_in_line(made: Sequence[tuple[Call, NewJob | None]]) -> Mapping[UUID, UUID]:
    """Insert those that were made here; return who holds the key of each unique one."""
    unique = [(call.task, new) for call, new in made if new is not None and call.task.unique]
    held = dict(zip((new.id for _, new in unique), holders(unique), strict=True))
    in_line = [(call, new) for call, new in made if new is not None and held.get(new.id, new.id) == new.id]
    if in_line:
        quotas.spend_each([call.origin for call, _ in in_line])
        transitions.enqueue_in_line([new for _, new in in_line])
    return held


def _has_callers_key(call: Call) -> bool:
    return call.options.get("idempotency_key") is not None
