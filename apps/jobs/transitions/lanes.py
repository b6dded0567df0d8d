"""Lanes: each tenant, and each limited key, stands in a line of its own within the queue."""

from collections.abc import Sequence
from time import monotonic

from apps.jobs import sql
from apps.jobs.kinds.limits import Limit

_LONGEST_S = 0.5  # that a tenant who comes anew waits until it is noticed
_REST_FACTOR = 20  # looking for lanes may take this part of the relay's time

_look_again_at: dict[str, float] = {}  # by queue


def bring_up(queue: str, limits: Sequence[Limit], *, now: bool = False) -> bool:
    """Give every lane with somebody in line its turn; say whether it did, or was there just before."""
    started = monotonic()
    if not now and started < _look_again_at.get(queue, 0.0):
        return False
    named = [(name, limit.counts_as) for limit in limits for name in limit.names]
    sql.run(
        "lanes",
        {"queue": queue, "limited": [name for name, _ in named], "counts_as": [one for _, one in named]},
    )
    took = monotonic() - started
    _look_again_at[queue] = started + min(took * _REST_FACTOR, _LONGEST_S)
    return True


def forget() -> int:
    """Forget lanes that nobody uses; return how many."""
    return len(sql.run("forget_lanes", {}))
