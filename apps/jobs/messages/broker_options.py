"""What Celery is told about its broker, by the kind of broker, with the reason for each option.

Called by config/settings.py with the broker's address; importable without Django.
"""

from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import urlsplit

from kombu.transport import TRANSPORT_ALIASES

Options = dict[str, object]


class NotABroker(ValueError):  # noqa: N818  # what it is
    """The address names nothing that Celery can speak to."""


class Patience(NamedTuple):
    """Seconds that a broker may be silent."""

    answer_s: int = 2  # to anything asked; one that takes longer counts as away, and the rows wait
    idle_s: int = 10  # on a connection that only waits for messages, before it is checked


def transport_options(url: str, patience: Patience = Patience()) -> Options:  # noqa: B008  # it is immutable
    """Return CELERY_BROKER_TRANSPORT_OPTIONS for the broker at an address; raise NotABroker.

    Brokers of other kinds that Celery speaks to get none: they are not tested.
    """
    _refuse_unreadable(url)
    scheme = urlsplit(url).scheme if "://" in url else ""
    if scheme in _BY_SCHEME:
        return _BY_SCHEME[scheme](patience)
    if scheme in TRANSPORT_ALIASES:
        return {}
    raise NotABroker(
        f"CELERY_BROKER_URL (or REDIS_URL) begins with {url.partition('@')[0].partition('//')[0][:20]!r}, "
        f"which is no broker. Begin it with one of: {', '.join(f'{name}://' for name in _BY_SCHEME)}."
    )


def _refuse_unreadable(url: str) -> None:
    """Raise NotABroker, which shows no part of the address: what is read as its port may be a password."""
    try:
        for address in map(urlsplit, url.split(";")):  # as Celery reads several
            _ = address.port if address.scheme in _BY_SCHEME else None
    except ValueError:
        raise NotABroker(
            "CELERY_BROKER_URL (or REDIS_URL) cannot be read: its port is no number, or a bracket is open. "
            "Percent-encode special characters of the password: / as %2F, # as %23, ? as %3F, [ as %5B, "
            "; as %3B."
        ) from None


def _redis(patience: Patience) -> Options:
    return {
        # The ledger finds lost messages; acknowledging each in Redis would cost two thirds of the speed.
        "ack_emulation": False,
        # Without it a publish to a Redis that accepts and never answers hangs for ever.
        # Longer than the second for which a worker's BRPOP waits.
        "socket_timeout": patience.answer_s,
        "socket_connect_timeout": patience.answer_s,
        # A worker only reads: the kernel notices that the other machine is gone.
        "socket_keepalive": True,
        # And a worker that got nothing for so long drops the connection: within a second and twice this.
        "health_check_interval": patience.idle_s,
        # A publish is tried once: the keeper tries again, later and for all.
        "max_retries": 0,
        # The same Redis may hold a cache, or another project.
        "global_keyprefix": "backline:",
    }


def _rabbitmq(_: Patience) -> Options:
    return {
        # For tasks of other packages, which have no row: kept on disk and confirmed one by one. Our messages
        # are neither (messages/broker.py): what RabbitMQ loses is sent again, and one answer confirms many.
        "confirm_publish": True,
        # A publish is tried once, as above.
        "max_retries": 0,
    }


_BY_SCHEME: dict[str, Callable[[Patience], Options]] = {
    "redis": _redis,
    "rediss": _redis,
    "amqp": _rabbitmq,
    "amqps": _rabbitmq,
}
