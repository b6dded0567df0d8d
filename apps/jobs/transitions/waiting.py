"""What waits: sleeping jobs come into the line, and from there into the broker's window."""

from collections.abc import Collection, Iterator, Mapping, Sequence
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
_TAKE_AT_ONCE = 8000  # jobs; a part of as many takes a tenth of a second
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

    def most_jobs(self, room: int, kinds: Collection[str]) -> int:
        """Return how many jobs of these kinds fit into so many messages."""
        limited = {name for limit in self.limits for name in limit.names}
        return room * max(self.fills.get(kind, Fill()).most if kind not in limited else 1 for kind in kinds)


def release(batch: int = 500) -> int:
    """Put sleeping jobs whose time has come in line; return how many."""
    return len(sql.run("release", {"batch": batch}))


def relay(queue: str, room: int, rules: Rules | None = None) -> list[Message]:
    """Move the next jobs in line into the window, packed into at most ``room`` messages.

    Return what to publish after the commit. While another session relays, the line is left to that one.
    """
    return [message for part in relay_in_parts(queue, room, rules) for message in part]


def relay_in_parts(queue: str, room: int, rules: Rules | None = None) -> Iterator[list[Message]]:
    """Do the same part by part, each with a commit of its own: short whatever waits, and maybe empty."""
    if room <= 0:
        return
    rules = rules or Rules()
    if (messages := relay_short_line(queue, room, rules, lock=_RELAY_LOCK)) is not None:
        yield messages
        return
    line = _LongLine(queue, room, rules)
    while not line.is_done:
        with transaction.atomic(durable=True):  # the relay's own: its settings must end with it
            messages = line.part()
        yield messages


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


class _LongLine:
    """One that is longer than its window, or in which somebody may not go.

    Its parts are committed one by one: what a transaction itself took away, each of its looks walks over
    again.
    """

    def __init__(self, queue: str, room: int, rules: Rules) -> None:
        self.is_done = False  # there is no room, or nobody may go
        self._queue, self._room, self._rules = queue, room, rules
        self._paused = set(rules.paused)
        self._length = 0
        self._taken = 0  # by turns
        self._saw_first_lane = self._knows_every_lane = False

    def part(self) -> list[Message]:
        """Move the next few thousand at most, or those of paused kinds out of their way."""
        is_alone, is_longer, kinds = _peek(self._queue, self._room)
        parked = 0
        if is_alone and kinds & self._paused and (parked := _park(self._queue, self._room, self._rules)):
            is_alone, is_longer, kinds = _peek(self._queue, self._room)
            self._length = self._taken = 0
        self.is_done = not parked
        if not is_alone or not kinds or (parked and kinds <= self._paused):
            return []
        messages = self._take_next(self._rules.most_jobs(self._room, kinds), is_longer=is_longer)
        self._room -= len(messages)
        self.is_done |= self._room == 0
        return messages

    def _take_next(self, jobs: int, *, is_longer: bool) -> list[Message]:
        """Take everybody from a line that can be read at a glance, else a few of each lane."""
        if not is_longer or (jobs > self._room and self._measure(jobs) <= min(jobs, _MOST_AT_A_GLANCE)):
            rows = max(jobs, _MOST_AT_A_GLANCE)
            return _take(self._queue, self._room, rows, self._rules, by_turns=False)
        if not self._taken:
            self._look_for_lanes()
        rows = min(jobs, _TAKE_AT_ONCE)
        messages = _take(self._queue, self._room, rows, self._rules, by_turns=True, share=self._share(rows))
        self._taken += sum(len(message.ids) for message in messages)
        if messages or (not self._knows_every_lane and self._look_for_lanes(now=True)):
            self.is_done = False
        return messages

    def _measure(self, jobs: int) -> int:
        """Return how long the line was at first, counted as far as it matters to how jobs are spread."""
        if not self._length:
            fills = max((fill.most for fill in self._rules.fills.values()), default=1)
            most = min(jobs, max(_MOST_AT_A_GLANCE, fills * self._rules.slots)) + 1
            [(self._length,)] = sql.run("line_length", {"queue": self._queue, "most": most})
        return self._length

    def _share(self, rows: int) -> float:
        """Return which part of what waits is taken now: only so many of the slots are for it."""
        if not self._length:
            return 1.0
        left = max(self._length - self._taken, 1)
        return min(rows, left) / self._length

    def _look_for_lanes(self, *, now: bool = False) -> bool:
        look = lanes.bring_up(self._queue, self._rules.limits, now=now)
        if look is not None:
            self._saw_first_lane |= look.from_first
            self._knows_every_lane |= self._saw_first_lane and look.to_last
        return look is not None


def _take(
    queue: str, room: int, rows: int, rules: Rules, *, by_turns: bool, share: float = 1.0
) -> list[Message]:
    named = [(name, limit) for limit in rules.limits for name in limit.names]
    params = {
        "queue": queue,
        "room": room,
        "rows": rows,
        "by_turns": by_turns,
        "slots": rules.slots * share,
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


def _park(queue: str, room: int, rules: Rules) -> int:
    params = {"queue": queue, "room": room, "paused": list(rules.paused), "batch": _PARK_AT_ONCE}
    return len(sql.run("park", params))
