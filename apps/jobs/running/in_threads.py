"""Bodies in threads, which no signal reaches: what runs there, and by when it has to end."""

import os
from collections.abc import Callable
from datetime import timedelta
from time import monotonic
from typing import TypeVar
from uuid import UUID

from apps.jobs.outcomes import TimedOut
from apps.jobs.running import slate
from apps.jobs.running.slate import Entry
from apps.jobs.transitions import Claim

T = TypeVar("T")

_running: dict[tuple[UUID, UUID], Entry] = {}  # by job and lease; each thread writes its own
_slots: dict[tuple[UUID, UUID], int] = {}  # on the slate, by which the worker's guard sees them


def within(claim: Claim, limit: timedelta, body: Callable[[], T]) -> T:
    """Call a body that hears of its limit when it next speaks through its context (see ``check``)."""
    pid, now = os.getpid(), monotonic()
    until = now + limit.total_seconds()
    _running[claim.id, claim.lease] = Entry(pid, claim.lease, claim.id, now, until)
    if (own := slate.current()) is not None:
        _slots[claim.id, claim.lease] = own.take(claim.lease, claim.id, now, until)
    try:
        return body()
    finally:
        if os.getpid() != pid:
            os._exit(0)  # a process that the body forked came out of it as well: it holds no lease


def leave(claim: Claim) -> None:
    """Drop an attempt's entry, if it came as far as its body."""
    _running.pop((claim.id, claim.lease), None)
    at, own = _slots.pop((claim.id, claim.lease), -1), slate.current()
    if own is not None:
        own.free(at)


def check(claim: Claim) -> None:
    """Raise TimedOut in a thread's body that is past its limit."""
    entry = _running.get((claim.id, claim.lease))
    if entry is not None and monotonic() > entry.until:
        raise TimedOut(f"It ran longer than its limit of {timedelta(seconds=entry.until - entry.since)}.")


def entries() -> list[Entry]:
    """Return what runs in this process's threads."""
    return list(_running.values())
