"""A sign in the broker that is gone when its messages are: the keeper looks at it each second.

Each kind of broker has a sign that shares the fate of our messages. One without a sign is never found out
this way: there every lost message is found by waiting.
"""

import secrets

import amqp
from kombu.transport.redis import Channel as RedisChannel

_SIGN = "backline:broker-remembers"


def was_lost(channel: object) -> bool:
    """Say whether the sign was gone, and set it again."""
    if isinstance(channel, RedisChannel):
        return _was_lost_in_redis(channel)
    if isinstance(channel, amqp.Channel):
        return _was_lost_in_rabbitmq(channel)
    return False


def _was_lost_in_redis(channel: RedisChannel) -> bool:
    """Look for a key: a flush, or a restart without a file, takes it along."""
    return bool(channel.client.set(_SIGN, secrets.token_hex(8), nx=True))


def _was_lost_in_rabbitmq(channel: amqp.Channel) -> bool:
    """Look for a transient message: a restart takes it along, as it does ours."""
    there = channel.queue_declare(_SIGN, durable=True, auto_delete=False, arguments={"x-max-length": 1})
    if there is not None and there[1] > 0:
        return False
    sign = amqp.Message(b"", delivery_mode=1)
    with channel.connection.channel() as own:  # confirmed: a message on its way is not counted yet
        own.basic_publish_confirm(sign, exchange="", routing_key=_SIGN)
    return True
