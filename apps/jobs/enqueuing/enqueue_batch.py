"""Insert jobs of several kinds in their caller's transaction, in one statement."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from apps.jobs import transitions
from apps.jobs.enqueuing.enqueue_one import enqueue_one, new_job
from apps.jobs.kinds.kind import Kind
from apps.jobs.origin import Origin

if TYPE_CHECKING:
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

    They stand in line, where the relay packs them; one that comes alone or holds a key goes the way of
    ``enqueue``. Raise TypeError or ValueError for the first that does not fit: undo the transaction then.
    """
    if len(calls) == 1:
        return [enqueue_one(*calls[0])]
    ids: list[UUID] = []
    in_line: list[NewJob] = []
    for call in calls:
        if call.task.unique is not None or call.options.get("idempotency_key") is not None:
            ids.append(enqueue_one(*call))
            continue
        new, _ = new_job(*call)
        in_line.append(new)
        ids.append(new.id)
    if in_line:
        transitions.enqueue_in_line(in_line)
    return ids
