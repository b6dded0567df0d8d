"""Give facts to their listeners: a job each, and a row that says which."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from apps.events import sql
from apps.events.listeners import arguments_for, listeners_of
from apps.jobs.enqueuing.enqueue_batch import Call, enqueue_batch
from apps.jobs.origin import Origin

if TYPE_CHECKING:
    from apps.jobs.task import JobTask


class Heard(NamedTuple):
    """A fact as listeners are given it."""

    id: UUID
    name: str
    data: Mapping[str, object]


def deliver(facts: Sequence[Heard], asking: Origin) -> int:
    """Start a job for each fact at each of its listeners, in the caller's transaction; return how many."""
    who_listens = {name: listeners_of(name) for name in {fact.name for fact in facts}}
    return start([(fact, task) for fact in facts for task in who_listens[fact.name]], asking)


def start(pairs: "Sequence[tuple[Heard, JobTask[..., object]]]", asking: Origin) -> int:
    """Start these, and write down which job each became; a unique kind's is the one that is there."""
    if not pairs:
        return 0
    calls = [
        Call(
            task, (), arguments_for(task, fact.data), replace(asking, subject=asking.subject or fact.name), {}
        )
        for fact, task in pairs
    ]
    jobs = enqueue_batch(calls)
    params = {
        "facts": [fact.id for fact, _ in pairs],
        "kinds": [task.name for _, task in pairs],
        "jobs": jobs,
    }
    sql.run("write_deliveries", params)
    return len(pairs)
