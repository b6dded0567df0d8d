"""A line that fits the window whole, and in which nobody has a limit: everybody goes, in one statement."""

from typing import TYPE_CHECKING

from apps.jobs import sql
from apps.jobs.transitions.new_jobs import Message

if TYPE_CHECKING:
    from apps.jobs.transitions.waiting import Rules


def relay_short_line(queue: str, room: int, rules: "Rules", *, lock: int) -> list[Message] | None:
    """Move all who wait into the window; return what to publish, or None for a line that is not short.

    Nothing of that is moved, nor of one that another session relays: who holds the lock.
    """
    params = {
        "lock": lock,
        "queue": queue,
        "room": room,
        "slots": rules.slots,
        "stays": [*rules.paused, *(name for limit in rules.limits for name in limit.names)],
        "known": None if rules.known is None else list(rules.known),
        "kinds": list(rules.fills),
        "most": [fill.most for fill in rules.fills.values()],
        "least": [fill.least for fill in rules.fills.values()],
    }
    rows = sql.run_planned("relay_short", params)
    if not rows[0][0]:
        return None
    return [Message(*message) for _, *message in rows if message[0] is not None]
