"""Cancel jobs that were not to start any more.  Called by the keeper."""

from datetime import timedelta
from time import monotonic

from apps.jobs import transitions

_FIRST_LOOK = timedelta(days=1)  # by a keeper that just began to lead
_MARGIN = timedelta(minutes=1)  # a job that another session held at its last moment is looked at again
_AT_ONCE = 1000
_AT_A_STRETCH_S = 0.5  # then the keeper's other duties have their turn

_looked_at: float | None = None


def expire() -> int:
    """Cancel waiting jobs whose time to start has passed since the last look; return how many."""
    global _looked_at  # noqa: PLW0603  # one keeper a process
    started = monotonic()
    since = _FIRST_LOOK if _looked_at is None else timedelta(seconds=started - _looked_at) + _MARGIN
    ended = 0
    while monotonic() < started + _AT_A_STRETCH_S:
        more = transitions.expire(since=since, batch=_AT_ONCE)
        ended += more
        if more < _AT_ONCE:
            _looked_at = started
            break
    return ended
