"""The brokers that whole stories are told on."""

from typing import Any

import pytest

from apps.local.servers.rabbitmq import RabbitServer
from apps.local.servers.valkey import ValkeyServer
from tests.rabbitmq import needs_rabbitmq


def _on(*rabbit_marks: Any) -> pytest.MarkDecorator:  # pytest names no type for either kind of mark
    brokers = [
        pytest.param(ValkeyServer, id="valkey"),
        pytest.param(RabbitServer, id="rabbitmq", marks=[needs_rabbitmq, *rabbit_marks]),
    ]
    return pytest.mark.parametrize("machine", brokers, indirect=True)


on_each_broker = _on()
# RabbitMQ takes five seconds to start: most stories are told on it by `make chaos`.
on_each_broker_in_time = _on(pytest.mark.chaos)
