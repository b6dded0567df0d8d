"""What waits: sleeping jobs come into the line, and from there into the broker's window."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NamedTuple

from django.db import transaction

from apps.jobs import sql
from apps.jobs.kinds.limits import Limit
from apps.jobs.transitions import lanes
from apps.jobs.transitions.new_jobs import Message
from apps.jobs.transitions.short_line import relay_short_line

_RELAY_LOCK = 0x72656C79  # "rely"
_MOST_AT_A_GLANCE = 1000  # a line up to this long may go whole, in its own order; any other by turns
_PARK_AT_ONCE = 5000


class Fill(NamedTuple):
    """How many jobs of a kind one message may carry, and from how many on it is not worth splitting."""

    most: int = 1
    least: int = 1


@dataclass(frozen=True, slots=True)
class Rules:
    """What the relay heeds beside the order of the line."""

    slots: int = 1  # of the live workers that listen: jobs that are few are spread over them
    fills: Mapping[str, Fill] = field(default_factory=dict)  # by kind; one job a message for any other
    limits: Sequence[Limit] = ()
    known: Collection[str] | None = None  # kinds; what waits under any other may have a limit all the same
    paused: Collection[str] = ()  # kinds


def release(batch: int = 500) -> int:
    """Put sleeping jobs whose time has come in line; return how many."""
    return len(sql.run("release", {"batch": batch}))


def relay(queue: str, room: int, rules: Rules | None = None) -> list[Message]:
    """Move the next jobs in line into the window, packed into at most ``room`` messages.

    Return what to publish after the commit. While another session relays, the line is left to that one.
    """
    if room <= 0:
        return []
    rules = rules or Rules()
    if (messages := relay_short_line(queue, room, rules, lock=_RELAY_LOCK)) is not None:
        return messages
    with transaction.atomic():
        return _fill(queue, room, rules)


def republish(*, patience: timedelta, everything: bool = False, batch: int = 500) -> list[Message]:
    """Find messages that nobody claimed in time; return what to publish again, oldest first.

    ``everything`` counts all of them as lost, also those that a later call returns.
    """
    if everything:
        sql.run("forget_published", {})
    params = {"patience": patience.total_seconds(), "batch": batch}
    lost = [Message(*row) for row in sql.run("republish", params)]
    return sorted(lost, key=lambda message: message.ids[0])


def expire(*, since: timedelta, batch: int = 500) -> int:
    """Cancel waiting jobs that were to start by a moment not longer ago than this; return how many."""
    return len(sql.run("expire", {"since": since.total_seconds(), "batch": batch}))


def _fill(queue: str, room: int, rules: Rules) -> list[Message]:
    """Take messages until there is no room or nobody may go."""
    is_alone, is_longer, kinds = _peek(queue, room)
    while is_alone and kinds & set(rules.paused) and _park(queue, room, rules):
        is_alone, is_longer, kinds = _peek(queue, room)
    if not is_alone or not kinds:
        return []
    limited = {name for limit in rules.limits for name in limit.names}
    jobs = room * max(rules.fills.get(kind, Fill()).most if kind not in limited else 1 for kind in kinds)
    if not is_longer or (jobs > room and not _line_is_longer(queue, min(jobs, _MOST_AT_A_GLANCE))):
        return _take(queue, room, max(jobs, _MOST_AT_A_GLANCE), rules, by_turns=False)
    return _take_turns(queue, room, jobs, rules)


def _take_turns(queue: str, room: int, jobs: int, rules: Rules) -> list[Message]:
    messages: list[Message] = []
    every_lane_is_known = lanes.bring_up(queue, rules.limits)
    while len(messages) < room:
        left = room - len(messages)
        more = _take(queue, left, max(jobs * left // room, left), rules, by_turns=True)
        messages += more
        if not more and every_lane_is_known:
            break
        if not more:
            every_lane_is_known = lanes.bring_up(queue, rules.limits, now=True)
    return messages


def _take(queue: str, room: int, rows: int, rules: Rules, *, by_turns: bool) -> list[Message]:
    named = [(name, limit) for limit in rules.limits for name in limit.names]
    params = {
        "queue": queue,
        "room": room,
        "rows": rows,
        "by_turns": by_turns,
        "slots": rules.slots,
        "paused": list(rules.paused),
        "kinds": list(rules.fills),
        "most": [fill.most for fill in rules.fills.values()],
        "least": [fill.least for fill in rules.fills.values()],
        "known": None if rules.known is None else list(rules.known),
        "limited": [name for name, _ in named],
        "counts_as": [limit.counts_as for _, limit in named],
        "concurrency": [limit.concurrency for _, limit in named],
        "burst": [limit.rate and limit.rate.jobs for _, limit in named],
        "seconds": [limit.rate and limit.rate.seconds for _, limit in named],
    }
    return [Message(*row) for row in sql.run("relay", params)]


def _peek(queue: str, room: int) -> tuple[bool, bool, set[str]]:
    """Say whether nobody else relays, whether more wait than there is room for, and which kinds are next."""
    params = {"queue": queue, "room": room, "lock": _RELAY_LOCK}
    [(is_alone, is_longer, kinds, *_)] = sql.run_planned("peek", params)
    return is_alone, is_longer, set(kinds)


def _line_is_longer(queue: str, jobs: int) -> bool:
    [(is_longer,)] = sql.run("line_is_longer", {"queue": queue, "jobs": jobs})
    return bool(is_longer)


def _park(queue: str, room: int, rules: Rules) -> int:
    params = {"queue": queue, "room": room, "paused": list(rules.paused), "batch": _PARK_AT_ONCE}
    return len(sql.run("park", params))
