"""Write facts down in their caller's transaction, and start the jobs that listen to them."""

import json
from collections.abc import Iterable
from dataclasses import replace
from itertools import islice
from uuid import UUID

from django.db import transaction

from apps.events import sql
from apps.events.deliver import Heard, deliver
from apps.events.event import Event
from apps.jobs import storable
from apps.jobs.origin import Origin, current
from apps.lib.ids import ids_in_order, new_id

_BLOCK = 500
_LONGEST_KEY = 200


def emit(event: Event, *, key: str = "") -> UUID:
    """Write down that something happened, and start a job of each kind that listens; return the fact's id.

    All of it in the caller's transaction: roll back, and it never was. With a ``key`` it happens once: a
    second fact of this name with the same key is not written, starts nothing, and the first's id is returned.
    Raise TypeError or ValueError for fields or a key that cannot be stored.
    """
    asking = _asking()
    heard, text = _read(event, new_id())
    with transaction.atomic():
        while not _write([(heard, text)], asking, key=_checked(key)):
            if first := sql.run("find_by_key", {"name": event.name, "key": key}):
                fact_id: UUID = first[0][0]
                return fact_id
        deliver([heard], asking)
    return heard.id


def emit_many(events: Iterable[Event]) -> int:
    """Write many facts down, all or none, read and written a block at a time; return how many."""
    asking, count, rest = _asking(), 0, zip(events, map(UUID, ids_in_order()), strict=False)
    with transaction.atomic():
        while facts := [_read(event, fact_id) for event, fact_id in islice(rest, _BLOCK)]:
            _write(facts, asking)
            deliver([heard for heard, _ in facts], asking)
            count += len(facts)
    return count


def _asking() -> Origin:
    return replace(current(), trigger="event")


def _read(event: Event, fact_id: UUID) -> tuple[Heard, str]:
    text = event.as_json()
    return Heard(fact_id, event.name, json.loads(text)), text


def _checked(key: str) -> str:
    if len(key) <= _LONGEST_KEY and key == storable.clean(key):
        return key
    raise ValueError(f"key {key[:80]!r} must have at most {_LONGEST_KEY} letters that can be stored.")


def _write(facts: list[tuple[Heard, str]], asking: Origin, *, key: str = "") -> int:
    """Return how many were written: none when another has the key."""
    params = {
        "ids": [heard.id for heard, _ in facts],
        "names": [heard.name for heard, _ in facts],
        "datas": [text for _, text in facts],
        "owner_id": asking.owner_id,
        "tenant": asking.tenant,
        "request_id": asking.request_id,
        "parent_id": asking.parent_id,
        "key": key,
    }
    return len(sql.run("write_facts", params))
