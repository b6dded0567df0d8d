"""The brokers that whole stories are told on."""

import pytest

from apps.local.servers.rabbitmq import RabbitServer
from apps.local.servers.valkey import ValkeyServer
from tests.rabbitmq import needs_rabbitmq

on_each_broker = pytest.mark.parametrize(
    "machine",
    [
        pytest.param(ValkeyServer, id="valkey"),
        pytest.param(RabbitServer, id="rabbitmq", marks=needs_rabbitmq),
    ],
    indirect=True,
)
