"""A line that fits the window whole, and in which nobody has a limit: everybody goes, packed by kind.

What `relay.sql` does for any line takes the planner milliseconds; most of the time there are a few jobs.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID, uuid4

from apps.jobs import sql
from apps.jobs.transitions.new_jobs import Message

if TYPE_CHECKING:
    from apps.jobs.transitions.waiting import Rules


class Waits(NamedTuple):
    """A job that was taken out of the line, in which it stood in this order."""

    id: UUID
    kind: str
    is_alone: bool


def take(queue: str, most: int, rules: "Rules") -> list[Message]:
    """Move all who wait, so many at most, into the window; who is paused or limited stays."""
    stays = [*rules.paused, *(limit.kind for limit in rules.limits)]
    rows = sql.run("relay_few", {"queue": queue, "rows": most, "stays": stays})
    messages = pack(queue, [Waits(*row) for row in rows], rules)
    put_into_window(messages)
    return messages


def pack(queue: str, jobs: Sequence[Waits], rules: "Rules") -> list[Message]:
    """Put jobs of one kind together, spread over the slots; what may have killed its worker goes alone.

    The message whose first job stood first comes first.
    """
    together: dict[tuple[str, bool], list[UUID]] = defaultdict(list)
    for job in jobs:
        together[job.kind, job.is_alone].append(job.id)
    place = {job.id: number for number, job in enumerate(jobs)}
    messages = [
        Message(uuid4(), kind, queue, part)
        for (kind, is_alone), ids in together.items()
        for part in _parts(ids, 1 if is_alone else rules.size_of(kind, len(ids)))
    ]
    return sorted(messages, key=lambda message: place[message.ids[0]])


def put_into_window(messages: Sequence[Message]) -> None:
    """Write messages down as being in the broker, in one statement."""
    params = {
        "bundles": [message.id for message in messages],
        "queues": [message.queue for message in messages],
        "kinds": [message.kind for message in messages],
        "ids": [sql.array(message.ids) for message in messages],
    }
    if messages:
        sql.run("put_into_window", params)


def _parts(ids: list[UUID], size: int) -> Iterator[list[UUID]]:
    return (ids[start : start + size] for start in range(0, len(ids), size))
