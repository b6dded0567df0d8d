"""Keep the broker's window filled from the line, and send again what it lost.  Called by the keeper."""

from datetime import timedelta
from time import monotonic
from typing import NamedTuple

from django.conf import settings
from kombu import Producer

from apps.jobs import arguments, broker, crash_points, limits, packing, pause, registry, sql, transitions
from apps.jobs.models.job import Job
from apps.jobs.transitions import Message, Rules

_AT_ONCE = 500  # messages a statement
_AT_A_STRETCH_S = 0.5  # then the keeper's other duties have their turn


class Window(NamedTuple):
    """One queue's share of the broker."""

    queue: str
    width: int  # messages
    taken: int
    slots: int  # of the live workers that listen to it

    @property
    def room(self) -> int:
        """Return how many more messages it may hold."""
        return max(self.width - self.taken, 0)

    @property
    def runs_dry(self) -> bool:
        """Say whether the workers empty it faster than the keeper comes by."""
        return self.taken * 2 < self.width


def relay(producer: Producer) -> int:
    """Send the next jobs in line until each queue's window is full; return how many messages.

    Where the workers are quick it goes on at once.
    """
    stop_at = monotonic() + _AT_A_STRETCH_S
    sent, again = _relay_once(producer)
    while again and monotonic() < stop_at:
        more, again = _relay_once(producer)
        sent += more
    return sent


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


def _relay_once(producer: Producer) -> tuple[int, bool]:
    """Fill every window once; return how many messages, and whether one of them was full and runs dry."""
    windows = [window for window in _windows() if window.room]
    if not windows:
        return 0, False
    fills, limited, paused = packing.fills(), limits.declared(registry.kinds().values()), pause.paused_kinds()
    sent, again = 0, False
    for window in windows:
        rules = Rules(window.slots, fills, limited, paused)
        count = _send(producer, transitions.relay(window.queue, window.room, rules))
        sent += count
        again |= window.runs_dry and count == window.room
    return sent, again


def _windows() -> list[Window]:
    params = {"least": settings.BACKLINE_WINDOW, "per_slot": settings.BACKLINE_WINDOW_PER_SLOT}
    return [Window(*row) for row in sql.run("window_room", params)]


def _send(producer: Producer, messages: list[Message]) -> int:
    """Publish after the commit that moved them: a death in between is a lost message, which is sent again."""
    if messages:
        crash_points.reached("relay.moved")
        first = [message.ids[0] for message in messages]
        args = dict(Job.objects.filter(id__in=first).values_list("id", "args"))
        broker.send(
            producer, [(message, arguments.shown(args.get(message.ids[0], {}))) for message in messages]
        )
        crash_points.reached("relay.sent")
    return len(messages)
