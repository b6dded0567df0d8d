"""The way out to the broker: messages of ids, nothing else.

Used by the publisher and the keeper, each over a connection of its own. Nothing in here waits longer than a
few seconds: a broker that does not answer is away, and the rows stay for the keeper.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache, partial
from time import monotonic
from typing import cast

import amqp
import redis
from celery import current_app
from django.conf import settings
from kombu import Connection, Producer
from kombu.exceptions import KombuError
from kombu.transport.base import StdChannel
from kombu.transport.redis import Channel as RedisChannel
from kombu.utils.functional import ChannelPromise

from apps.jobs.messages import broker_memory, envelope
from apps.jobs.transitions import Message
from apps.lib import redact

_AT_ONCE = 500
_TRANSIENT = 1  # not written to the broker's disk: what it loses is sent again


OUT_OF_MEMORY = "it is out of memory"
REFUSED = (amqp.AccessRefused, amqp.NotAllowed)  # RabbitMQ: a wrong user or password; no such virtual host


class BrokerAway(ConnectionError):  # noqa: N818  # what happened, in two words
    """The broker is away, full or silent; the rows stay for the keeper."""


@contextmanager
def connected(*, confirm: bool = False) -> Iterator[Producer]:
    """Keep a connection of one's own for publishing; it is opened at first use.

    Not Celery's pool: a child forked later would close the pooled connection under its parent. ``confirm``
    has RabbitMQ confirm each message: for tasks without a row, which nobody would send again.
    """
    options = {} if confirm else {"confirm_publish": False}
    with current_app.connection_for_write(transport_options=options) as connection:
        producer = Producer(connection)
        producer.channel = ChannelPromise(partial(_open, connection))  # type: ignore[assignment]  # becomes one
        with producer:
            yield producer


def send(producer: Producer, messages: Iterable[tuple[Message, str]]) -> None:
    """Publish messages, each with the text that Flower shows as its arguments; raise BrokerAway."""
    all_of_them = list(messages)
    if not all_of_them:
        return
    with said_when_away(producer):
        queues = {message.queue for message, _ in all_of_them}
        _declare(producer, queues)
        if len(all_of_them) == 1:  # a pipeline for one would cost as much again
            _publish(producer, *all_of_them[0])
        else:
            with producer.batch(max_size=_AT_ONCE):  # type: ignore[attr-defined]  # newer than its stubs
                for message, text in all_of_them:
                    _publish(producer, message, text)
        _await_arrival(producer, queues)


def lost_its_data(producer: Producer) -> bool:
    """Say whether the broker forgot everything since the last call, as after a flush; set the sign again."""
    with said_when_away(producer):
        return broker_memory.was_lost(_channel(producer))


def answer_time() -> float:
    """Return how many seconds the broker takes to let one in and answer; raise BrokerAway."""
    began = monotonic()
    with connected() as producer, said_when_away(producer):
        _channel(producer)  # kombu connects when it is first asked for
    return monotonic() - began


def bound(connection: Connection, patience_s: float | None = None) -> None:
    """Have no answer of RabbitMQ waited for longer than its timeout; Redis's options do the same."""
    sock = getattr(connection.connection, "sock", None)
    if sock is not None:
        sock.settimeout(settings.BACKLINE_BROKER_TIMEOUT_S if patience_s is None else patience_s)


@contextmanager
def said_when_away(producer: Producer) -> Iterator[None]:
    """Turn what each transport raises in its own words into BrokerAway, and drop the connection."""
    connection = _connection(producer)
    known: tuple[type[BaseException], ...] = (KombuError, OSError)
    known += connection.connection_errors + connection.channel_errors
    try:
        yield
    except known as error:
        with suppress(*known):
            _drop(connection)
        raise BrokerAway(_reason_of(error)) from error


def _reason_of(error: BaseException) -> str:
    if isinstance(error, redis.OutOfMemoryError):  # its text is the command
        return OUT_OF_MEMORY
    return redact.scrubbed(str(error)) or type(error).__name__


def _drop(connection: Connection) -> None:
    """Close a connection without RabbitMQ's farewell, whose answer may never come."""
    if connection.transport.driver_type == "amqp":
        connection.collect()
    else:
        connection.release()


def _open(connection: Connection) -> StdChannel:
    """Connect, and have every answer waited for only so long."""
    connection.ensure_connection(max_retries=0)
    bound(connection)
    channel: StdChannel = connection.default_channel
    if isinstance(channel, RedisChannel):
        # one client a pool, where kombu makes one a command
        channel.Client = cache(channel.Client)  # type: ignore[assignment]  # kombu only calls it
    return channel


def _channel(producer: Producer) -> amqp.Channel:
    return cast("amqp.Channel", producer.channel)  # kombu's own for Redis answers to the same calls


def _declare(producer: Producer, queues: set[str]) -> None:
    """Make queues that this connection has not seen; kombu's own memory of them costs more than a message."""
    seen = cast("set[str]", _connection(producer).declared_entities)
    for name in queues - seen:
        producer.maybe_declare(current_app.amqp.queues[name])
        seen.add(name)


def _publish(producer: Producer, message: Message, text: str) -> None:
    """Publish to the queue itself, past any exchange."""
    sealed = envelope.seal(message, text)
    producer.publish(
        sealed.body,
        routing_key=message.queue,
        headers=sealed.headers,
        content_type=sealed.content_type,
        content_encoding=sealed.content_encoding,
        delivery_mode=_TRANSIENT,
        **sealed.properties,
    )


def _await_arrival(producer: Producer, queues: set[str]) -> None:
    """Have RabbitMQ say that the queues are there and took everything: one answer for all, not one a message.

    It handles what comes over a channel in order, and drops what names an unknown queue without a word.
    """
    if _connection(producer).transport.driver_type == "amqp":
        for name in queues:
            _channel(producer).queue_declare(name, passive=True)


def _connection(producer: Producer) -> Connection:
    return cast("Connection", producer.connection)
