"""What waits: sleeping jobs come into the line, and from there into the broker's window."""

from datetime import timedelta

from apps.jobs import sql
from apps.jobs.transitions.new_jobs import Message


def release(batch: int = 500) -> int:
    """Put sleeping jobs whose time has come in line; return how many."""
    return len(sql.run("release", {"batch": batch}))


def relay(queue: str, room: int) -> list[Message]:
    """Move the first jobs in line into the window; return what to publish after the commit."""
    return [Message(*row) for row in sql.run("relay", {"queue": queue, "room": room})]


def republish(*, patience: timedelta, everything: bool = False) -> list[Message]:
    """Find messages that nobody claimed in time; return what to publish again, oldest first."""
    params = {"patience": patience.total_seconds(), "everything": everything}
    lost = [Message(*row) for row in sql.run("republish", params)]
    return sorted(lost, key=lambda message: message.ids[0])
