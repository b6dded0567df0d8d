"""Lanes: each tenant, and each limited key, stands in a line of its own within the queue."""

from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic
from typing import NamedTuple

from apps.jobs import sql
from apps.jobs.kinds.limits import Limit

_LONGEST_S = 0.5  # that a tenant who comes anew waits until it is noticed, unless there are thousands
_REST_FACTOR = 20  # looking for lanes may take this part of the relay's time
_AT_ONCE = 2000  # lanes

_look_again_at: dict[str, float] = {}  # by queue
_walks: dict[str, "_Walk"] = {}  # by queue, where more stand in line than one look sees


class Look(NamedTuple):
    """Which of a queue's lanes were looked at."""

    from_first: bool
    to_last: bool


@dataclass(frozen=True, slots=True)
class _Walk:
    """How far the looks came, one after the other."""

    lane: str
    found: int  # lanes whose turn it is again, at the last look


def bring_up(queue: str, limits: Sequence[Limit], *, now: bool = False) -> Look | None:
    """Give the next lanes with somebody in line their turn; None while it rests.

    It does not rest when asked to look ``now``, except where thousands stand and the last look found none.
    """
    started, walk = monotonic(), _walks.get(queue, _Walk("", 1))
    if started < _look_again_at.get(queue, 0.0) and not (now and walk.found):
        return None
    named = [(name, limit.counts_as) for limit in limits for name in limit.names]
    params = {
        "queue": queue,
        "first": walk.lane,
        "most": _AT_ONCE,
        "limited": [name for name, _ in named],
        "counts_as": [first_name for _, first_name in named],
    }
    [(last, found)] = sql.run("lanes", params)
    look = Look(from_first=not walk.lane, to_last=last is None)
    rest = (monotonic() - started) * _REST_FACTOR
    if look == (True, True):
        _walks.pop(queue, None)
        rest = min(rest, _LONGEST_S)
    else:
        _walks[queue] = _Walk(last, found) if last else _Walk("", 1)
    _look_again_at[queue] = started + rest
    return look


def forget() -> int:
    """Forget lanes that nobody uses, and marks of lines; return how many."""
    return len(sql.run("forget_lanes", {})) + len(sql.run("forget_line_marks", {}))
