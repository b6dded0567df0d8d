"""The way out to the broker: messages of ids, nothing else."""

import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from celery import current_app
from kombu import Producer
from kombu.exceptions import KombuError, OperationalError

from apps.jobs.transitions import Message

# What a broker that is away, full or silent raises; the row stays for the keeper.
UNREACHABLE = (OperationalError, KombuError, OSError)

_SENTINEL = "backline:broker-remembers"


@contextmanager
def connected() -> Iterator[Producer]:
    """Open a connection of one's own for publishing.

    Not Celery's pool: a child forked later would close the pooled connection under its parent.
    """
    with current_app.connection_for_write() as connection, Producer(connection) as producer:
        yield producer


def send(producer: Producer, messages: Iterable[tuple[Message, str]]) -> None:
    """Publish messages, each with the text that Flower shows as its arguments."""
    with producer.batch(max_size=500):  # type: ignore[attr-defined]  # newer than the stubs
        for message, text in messages:
            _send_one(producer, message, text)


def lost_its_data(producer: Producer) -> bool:
    """Say whether the broker forgot everything since the last call, as after a flush; set the sign again.

    Brokers other than Redis have no such sign: there every lost message is found by waiting.
    """
    client = getattr(producer.channel, "client", None)
    if client is None:
        return False
    remembered = client.set(_SENTINEL, secrets.token_hex(8), nx=True) is None
    return not remembered


def _send_one(producer: Producer, message: Message, text: str) -> None:
    task = current_app.tasks.get(message.kind)
    first = str(message.ids[0])
    current_app.send_task(
        message.kind,
        (),
        {},
        task_id=first,
        task_type=task,
        queue=message.queue,
        producer=producer,
        retry=False,
        ignore_result=True,
        add_to_parent=False,
        argsrepr=text,
        kwargsrepr="{}",
        root_id=first,
        headers={"bundle": str(message.id), "jobs": [str(job_id) for job_id in message.ids]},
    )
