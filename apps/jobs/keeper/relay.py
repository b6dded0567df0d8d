"""Keep the broker's window filled from the line, and send again what it lost.  Called by the keeper."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from time import monotonic
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from kombu import Producer

from apps.jobs import crash_points, registry, sql, transitions
from apps.jobs.keeper import packing
from apps.jobs.keeper.line_marks import LineMarks
from apps.jobs.kinds import arguments, limits
from apps.jobs.messages import broker
from apps.jobs.transitions import Message, Rules

_AT_ONCE = 500  # messages a statement
_REMEMBERED_S = 1.0
_AT_A_STRETCH_S = 0.5  # then the keeper's other duties have their turn
_REST_S = 0.03  # at most, for a queue of which the relay is ahead


class Window(NamedTuple):
    """One queue's share of the broker."""

    queue: str
    width: int  # messages
    taken: int
    slots: int  # of the live workers that listen to it
    paused: Sequence[str]  # kinds
    is_hidden: bool = False  # from new jobs: all that wait are before the mark of the line

    @property
    def room(self) -> int:
        """Return how many more messages it may hold."""
        return max(self.width - self.taken, 0)

    @property
    def is_worth_filling(self) -> bool:
        """Say whether a quarter of it is free.

        Who is sent sooner stands behind the others in the broker instead of in line, and is served no sooner,
        but the line is read for each message that a worker takes.
        """
        return self.room > 0 and self.room * 4 >= self.width

    @property
    def runs_dry(self) -> bool:
        """Say whether the workers empty it faster than the keeper comes by."""
        return self.taken * 2 < self.width


class Relay:
    """What fills the windows, again and again; it remembers for a moment how long jobs take."""

    def __init__(self) -> None:
        self._fills: Mapping[str, transitions.Fill] = {}
        self._measured_at = -_REMEMBERED_S
        self._filled_at: dict[str, float] = {}  # by queue, when its line was last longer than its window
        self._rests_until: dict[str, float] = {}  # by queue, of those that had a line at the last look
        self._unfinished: set[str] = set()  # queues whose last fill moved jobs: more may wait before a mark
        self._marks = LineMarks()

    def __call__(self, producer: Producer) -> int:
        """Send the next jobs in line until each queue's window is full; return how many messages.

        Where the workers are quick it goes on at once; where it is well ahead of them in every queue it asks
        for nothing. When its time is up each other queue still gets one part of what it waits for.
        """
        if self._rests_until and monotonic() < min(self._rests_until.values()):
            return 0
        stop_at = monotonic() + _AT_A_STRETCH_S
        sent, again = self._once(producer, stop_at)
        while again and monotonic() < stop_at:
            more, again = self._once(producer, stop_at)
            sent += more
        return sent

    def _once(self, producer: Producer, stop_at: float) -> tuple[int, bool]:
        """Fill every window once; return how many messages, and whether one of them was full and runs dry."""
        sent, again, windows = 0, False, self._windows()
        self._rests_until = {window.queue: self._rests_until.get(window.queue, 0.0) for window in windows}
        for window in windows:
            if not window.is_worth_filling or monotonic() < self._rests_until[window.queue]:
                self._show(window)
                continue
            limited = limits.declared(registry.kinds().values())
            rules = Rules(window.slots, self._sizes(), limited, registry.names(), window.paused)
            count = self._fill(producer, window, rules, stop_at)
            sent += count
            if count == window.room:
                self._show(window)
                again |= window.runs_dry
                self._rest(window)
            (self._unfinished.add if count else self._unfinished.discard)(window.queue)
        return sent, again

    def _windows(self) -> list[Window]:
        """Return the windows of all waiting queues, by the marks of the lines while it is slow without."""
        if not self._marks.may_read_all:
            return _windows_marked(self._unfinished)
        started = monotonic()
        windows = _windows()
        self._marks.read_all([window.queue for window in windows], monotonic() - started)
        return windows

    def _fill(self, producer: Producer, window: Window, rules: Rules, stop_at: float) -> int:
        """Fill a window until it is full, no job may go or, after a part, time is up; say how many went."""
        sent = 0
        for messages in transitions.relay_in_parts(window.queue, window.room, rules):
            sent += _send(producer, messages)
            self._marks.removed(window.queue, sum(len(message.ids) for message in messages))
            if monotonic() >= stop_at:
                break
        return sent

    def _show(self, window: Window) -> None:
        """Let new jobs see a line before its mark; the next looks see it too, if a job still waits."""
        if window.is_hidden:
            self._marks.show(window.queue)
            self._unfinished.discard(window.queue)

    def _rest(self, window: Window) -> None:
        """Leave a queue alone for no longer than its workers took for half a window."""
        now = monotonic()
        since, self._filled_at[window.queue] = now - self._filled_at.get(window.queue, now), now
        if not window.runs_dry:
            self._rests_until[window.queue] = now + min(since, _REST_S)

    def _sizes(self) -> Mapping[str, transitions.Fill]:
        if monotonic() - self._measured_at >= _REMEMBERED_S:
            self._fills, self._measured_at = packing.fills(), monotonic()
        return self._fills


def republish(producer: Producer) -> int:
    """Send messages again that nobody claimed in time, or all of them after the broker lost its data."""
    everything = broker.lost_its_data(producer)
    patience = timedelta(seconds=settings.BACKLINE_REPUBLISH_S)
    lost = transitions.republish(patience=patience, everything=everything, batch=_AT_ONCE)
    sent = _send(producer, lost)
    while len(lost) == _AT_ONCE:
        lost = transitions.republish(patience=patience, batch=_AT_ONCE)
        sent += _send(producer, lost)
    return sent


def _windows() -> list[Window]:
    return _as_windows(sql.run_planned("window_room", _widths()))


def _windows_marked(unfinished: Collection[str]) -> list[Window]:
    return _as_windows(sql.run_planned("window_room_marked", {"unfinished": list(unfinished), **_widths()}))


def _widths() -> dict[str, int]:
    return {"least": settings.BACKLINE_WINDOW, "per_slot": settings.BACKLINE_WINDOW_PER_SLOT}


def _as_windows(rows: Sequence[Sequence[Any]]) -> list[Window]:
    windows = [Window(*row) for row in rows]
    return [
        window._replace(paused=_with_all_names(window.paused)) if window.paused else window
        for window in windows
    ]


def _with_all_names(kinds: Sequence[str]) -> list[str]:
    return [name for kind in kinds for name in registry.names_of(kind)]


def _send(producer: Producer, messages: list[Message]) -> int:
    """Publish after the commit that moved them: a death in between is a lost message, which is sent again."""
    if messages:
        crash_points.reached("relay.moved")
        args = _first_args(messages)
        broker.send(producer, [(message, arguments.shown(args.get(message.id, {}))) for message in messages])
        crash_points.reached("relay.sent")
    return len(messages)


def _first_args(messages: Sequence[Message]) -> dict[UUID, Mapping[str, object]]:
    """Return the arguments of each message's first job, which Flower shows."""
    read = {message.id: message.first_args for message in messages if message.first_args is not None}
    missing = {message.ids[0]: message.id for message in messages if message.first_args is None}
    if missing:
        rows = sql.run("args_of", {"ids": sql.array(missing)})
        read |= {missing[job_id]: text for job_id, text in rows}
    return {message_id: json.loads(text) for message_id, text in read.items()}
