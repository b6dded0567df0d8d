"""Give many new jobs of unique kinds their keys: a statement a kind, and no two wait for one another."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from apps.jobs.enqueuing import keys
from apps.jobs.kinds.kind import Kind

if TYPE_CHECKING:
    from apps.jobs.transitions import NewJob


def holders(wanted: "Sequence[tuple[Kind, NewJob]]") -> list[UUID]:
    """Return for each new job the one that holds its key: itself, the first like it, or one that was there.

    Keys are taken in the caller's transaction, by kind and in their order.
    """
    tasks: dict[str, Kind] = {}
    firsts: dict[str, dict[bytes, UUID]] = {}
    own: list[tuple[str, bytes]] = []
    for task, new in wanted:
        key = keys.key_of(task, new.args)
        tasks[task.name] = task
        firsts.setdefault(task.name, {}).setdefault(key, new.id)
        own.append((task.name, key))
    held = {name: take(tasks[name], firsts[name]) for name in sorted(firsts)}
    return [held[name][key] for name, key in own]


def take(task: Kind, ids: Mapping[bytes, UUID]) -> dict[bytes, UUID]:
    """Give each job its key where it is free; return who holds each."""
    held: dict[bytes, UUID] = {}
    rule = task.unique
    while rule is not None and (left := {key: ids[key] for key in ids if key not in held}):
        taken = keys.take(list(left), list(left.values()), within=rule.within, states=rule.held_in)
        held |= {key: left[key] for key in taken}
        # one that is neither taken nor held was given up a moment ago: again
        held |= keys.holders([key for key in left if key not in taken])
    return held
