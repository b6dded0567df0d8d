"""Insert jobs of several kinds in their caller's transaction, in one statement."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import NamedTuple
from uuid import UUID

from django.db import transaction

from apps.jobs import transitions
from apps.jobs.enqueuing import quotas
from apps.jobs.enqueuing.enqueue_one import enqueue_one, new_job
from apps.jobs.enqueuing.unique_batch import holders
from apps.jobs.kinds.kind import Kind
from apps.jobs.origin import Origin


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
    of ``enqueue``. Raise TypeError or ValueError for the first that does not fit: undo the transaction then.
    """
    if len(calls) == 1:
        return [enqueue_one(*calls[0])]
    made = [None if _has_callers_key(call) else new_job(*call)[0] for call in calls]
    unique = [(call.task, new) for call, new in zip(calls, made, strict=True) if new and call.task.unique]
    # a key without its job would keep others away: both or none
    with transaction.atomic() if unique else nullcontext():
        if unique:
            quotas.stand_by(*(call.origin for call in calls))
        holder = dict(zip((new.id for _, new in unique), holders(unique), strict=True))
        in_line = [
            (call.origin, new)
            for call, new in zip(calls, made, strict=True)
            if new is not None and holder.get(new.id, new.id) == new.id
        ]
        if in_line:
            quotas.spend_each([asking for asking, _ in in_line])
            transitions.enqueue_in_line([new for _, new in in_line])
    return [
        enqueue_one(*call) if new is None else holder.get(new.id, new.id)
        for call, new in zip(calls, made, strict=True)
    ]


def _has_callers_key(call: Call) -> bool:
    return call.options.get("idempotency_key") is not None
