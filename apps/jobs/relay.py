"""Keep the broker's window filled from the line, and send again what the broker lost."""

from datetime import timedelta

from django.conf import settings
from kombu import Producer

from apps.jobs import arguments, broker, sql, transitions
from apps.jobs.models.job import Job
from apps.jobs.transitions import Message


def relay(producer: Producer) -> int:
    """Send the first jobs in line, as many as each queue's window has room for; return how many."""
    sent = 0
    for queue, room in _rooms():
        if room > 0:
            sent += _send(producer, transitions.relay(queue, room))
    return sent


def republish(producer: Producer) -> int:
    """Send messages again that nobody claimed in time, or all of them after the broker lost its data."""
    everything = broker.lost_its_data(producer)
    patience = timedelta(seconds=settings.BACKLINE_REPUBLISH_S)
    return _send(producer, transitions.republish(patience=patience, everything=everything))


def _rooms() -> list[tuple[str, int]]:
    params = {"least": settings.BACKLINE_WINDOW, "per_slot": settings.BACKLINE_WINDOW_PER_SLOT}
    return sql.run("window_room", params)


def _send(producer: Producer, messages: list[Message]) -> int:
    """Publish after the commit that moved them: a death in between is a lost message, which is sent again."""
    if messages:
        first = [message.ids[0] for message in messages]
        args = dict(Job.objects.filter(id__in=first).values_list("id", "args"))
        broker.send(
            producer, [(message, arguments.shown(args.get(message.ids[0], {}))) for message in messages]
        )
    return len(messages)
