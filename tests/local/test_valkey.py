"""The embedded Valkey keeps messages through restarts and crashes."""

from __future__ import annotations

import shlex
import socket
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psutil
import pytest
import redis

from apps.local.servers.errors import PortTakenError
from apps.local.servers.ports import LOOPBACK
from apps.local.servers.valkey import ValkeyServer

Make = Callable[..., ValkeyServer]


@contextmanager
def client(server: ValkeyServer, database: int = 0) -> Iterator[redis.Redis]:
    connection = redis.Redis.from_url(server.url(database))
    try:
        yield connection
    finally:
        connection.close()


def test_messages_and_the_address_outlive_a_kill(make_valkey: Make) -> None:
    server = make_valkey().start()
    address = server.url()
    with client(server) as broker:
        broker.lpush("queue", *range(100))
        broker.waitaof(1, 0, 5000)
    server.kill()
    assert server.pid is None
    server.start()
    assert server.url() == address
    with client(server) as broker:
        assert broker.llen("queue") == 100


def test_messages_outlive_a_stop(make_valkey: Make) -> None:
    server = make_valkey().start()
    with client(server, 7) as broker:
        broker.set("a", "b")
    server.stop()
    server.stop()
    with client(server.start(), 7) as broker:
        assert broker.get("a") == b"b"


def test_a_broker_never_evicts_and_always_appends(make_valkey: Make) -> None:
    with client(make_valkey().start()) as broker:
        shown = broker.config_get("maxmemory-policy", "appendonly", "appendfsync", "save", "bind")
    assert shown == {
        "maxmemory-policy": "noeviction",
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "300 10",
        "bind": LOOPBACK,
    }


def test_nobody_gets_in_without_the_password(make_valkey: Make) -> None:
    server = make_valkey().start()
    stranger = redis.Redis(port=server.port)
    with pytest.raises(redis.AuthenticationError):
        stranger.ping()
    stranger.close()
    assert stat.S_IMODE((server.home / "valkey.conf").stat().st_mode) == 0o600
    assert server.pid is not None
    assert server.password not in " ".join(psutil.Process(server.pid).cmdline())


def test_a_second_starter_takes_over_instead_of_writing_to_the_same_file(make_valkey: Make) -> None:
    owner = make_valkey().start()
    guest = make_valkey().start()
    assert guest.adopted
    assert guest.pid == owner.pid
    guest.stop()
    assert owner.pid is not None


def test_an_append_only_file_cut_short_by_a_crash_is_read_as_far_as_it_goes(make_valkey: Make) -> None:
    server = make_valkey().start()
    with client(server) as broker:
        for number in range(50):
            broker.rpush("queue", number)
        broker.waitaof(1, 0, 5000)
    server.kill()
    tail = next((server.home / "data").rglob("*.incr.aof"))
    with tail.open("r+b") as file:
        file.truncate(tail.stat().st_size - 5)
    with client(server.start()) as broker:
        assert broker.llen("queue") == 49


def test_a_stale_pid_file_does_not_hinder(make_valkey: Make) -> None:
    server = make_valkey().start()
    server.kill()
    (server.directory / "valkey.pid").write_text("1\n")
    assert server.pid is None
    assert server.start().pid is not None


def test_a_busy_port_is_left_for_another_unless_it_was_asked_for(make_valkey: Make, said: list[str]) -> None:
    server = make_valkey().start()
    port = server.port
    server.stop()
    with socket.create_server((LOOPBACK, port)):
        assert make_valkey().start().port != port
        assert f"port {port} is busy" in said[0]
        with pytest.raises(PortTakenError):
            make_valkey("other", port=port).start()


def test_a_path_with_spaces_and_quotes_is_only_a_path(make_valkey: Make) -> None:
    with client(make_valkey('it\'s a "path" ü').start()) as broker:
        assert broker.ping()


@pytest.mark.parametrize(
    "command",
    [
        "CONFIG SET dir /tmp",
        "FLUSHALL",
        "DEBUG SLEEP 0",
        "SHUTDOWN",
        "SAVE",
        "ACL LIST",
        "MODULE LIST",
        "REPLICAOF 192.0.2.1 6379",
        "CLIENT KILL TYPE normal",
        "KEYS *",
        "MONITOR",
        "FUNCTION LIST",
        "EVAL \"return redis.call('CONFIG','SET','dir','/tmp')\" 0",
    ],
)
def test_broker_user_cannot_administer_the_server(valkey: ValkeyServer, command: str) -> None:
    with client(valkey) as broker, pytest.raises(redis.ResponseError, match=r"permission|not allowed"):
        broker.execute_command(*shlex.split(command))  # type: ignore[no-untyped-call]


def test_operator_has_a_password_of_its_own(valkey: ValkeyServer) -> None:
    operator = redis.Redis.from_url(valkey.operator_url())
    assert operator.config_set("maxmemory", 0)
    operator.close()
    guess = redis.Redis(port=valkey.port, username="operator", password=valkey.password)
    with pytest.raises(redis.AuthenticationError):
        guess.ping()
    guess.close()
