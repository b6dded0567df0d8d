"""The way out to the broker: messages of ids, nothing else."""

import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from celery import current_app
from kombu import Producer
from kombu.exceptions import KombuError

from apps.jobs.transitions import Message


class BrokerAway(ConnectionError):  # noqa: N818  # what happened, in two words
    """The broker is away, full or silent; the rows stay for the keeper."""


_SENTINEL = "backline:broker-remembers"


@contextmanager
def connected() -> Iterator[Producer]:
    """Keep a connection of one's own for publishing; it is opened at first use.

    Not Celery's pool: a child forked later would close the pooled connection under its parent.
    """
    with current_app.connection_for_write() as connection, Producer(connection) as producer:
        yield producer


def send(producer: Producer, messages: Iterable[tuple[Message, str]]) -> None:
    """Publish messages, each with the text that Flower shows as its arguments."""
    with _said_when_away(), producer.batch(max_size=500):  # type: ignore[attr-defined]  # newer than its stubs
        for message, text in messages:
            _send_one(producer, message, text)


def lost_its_data(producer: Producer) -> bool:
    """Say whether the broker forgot everything since the last call, as after a flush; set the sign again.

    Brokers other than Redis have no such sign: there every lost message is found by waiting.
    """
    with _said_when_away():  # the channel connects
        client = getattr(producer.channel, "client", None)
        return client is not None and bool(client.set(_SENTINEL, secrets.token_hex(8), nx=True))


@contextmanager
def _said_when_away() -> Iterator[None]:
    """Turn what each transport raises in its own words into BrokerAway."""
    transport = current_app.connection_for_write()
    known: tuple[type[BaseException], ...] = (
        KombuError,
        OSError,
        *transport.connection_errors,
        *transport.channel_errors,
    )
    try:
        yield
    except known as error:
        raise BrokerAway(str(error) or type(error).__name__) from error


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
