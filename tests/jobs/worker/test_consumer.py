"""A worker looks for its broker every two seconds, however long that is away."""

import socket
from types import SimpleNamespace
from typing import Any

import pytest
from celery import current_app
from kombu.exceptions import OperationalError
from kombu.utils import functional

from apps.jobs.worker.consumer import _TELL_AFTER_S, LedgerConsumer


def test_the_pauses_between_attempts_stay_short(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    pauses: list[float] = []
    monkeypatch.setattr(functional, "sleep", pauses.append)
    consumer: Any = object.__new__(LedgerConsumer)  # one that was not started
    twenty_times = {"broker_connection_max_retries": 20, "broker_connection_retry_on_startup": True}
    consumer.app = SimpleNamespace(conf=SimpleNamespace(**twenty_times))
    consumer.first_connection_attempt = True
    consumer.broker_connection_retry_attempt = 0

    connection = current_app.connection_for_read(f"redis://127.0.0.1:{port}/0")
    with connection, pytest.raises(OperationalError):
        consumer.ensure_connected(connection)

    assert consumer.broker_connection_retry_attempt >= 15
    assert max(pauses) <= 2


def test_what_happens_within_a_moment_is_told_together() -> None:
    consumer: Any = object.__new__(LedgerConsumer)
    calls: list[float] = []
    consumer.hub = SimpleNamespace(call_later=lambda delay, _: calls.append(delay))
    consumer._tells_at = 0.0
    for _ in range(100):
        consumer.on_send_event_buffered()
    assert calls == [_TELL_AFTER_S]
    consumer._tells_at = 0.0  # the moment is over
    consumer.on_send_event_buffered()
    assert len(calls) == 2


def test_our_workers_use_it() -> None:
    assert current_app.conf.worker_consumer == "apps.jobs.worker.consumer:LedgerConsumer"
