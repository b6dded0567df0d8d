"""The RabbitMQ node of our own: found, started, killed, and gone without a trace."""

from __future__ import annotations

from typing import TYPE_CHECKING

import amqp
import psutil
import pytest

from apps.local.servers import rabbitmq
from apps.local.servers.errors import PortTakenError, ServerError
from apps.local.servers.explain import explain
from apps.local.servers.rabbitmq import RabbitServer, rabbitmq_program
from apps.local.servers.running import is_gone_within
from tests.rabbitmq import needs_rabbitmq

if TYPE_CHECKING:
    from pathlib import Path


def connected(server: RabbitServer, password: str | None = None) -> amqp.Connection:
    """Connect as a client would."""
    where = f"127.0.0.1:{server.port}"
    return amqp.Connection(where, userid="backline", password=password or server.password, connect_timeout=5)


@needs_rabbitmq
@pytest.mark.xdist_group("rabbitmq")
def test_a_node_lives_with_its_data_through_a_crash_and_leaves_nothing_behind(server_directory: Path) -> None:
    server = RabbitServer(server_directory / "rabbit")
    try:
        server.start()
        before = server.port
        with connected(server) as connection:
            connection.channel().queue_declare("kept", durable=True, auto_delete=False)
        server.kill()
        assert server.pid is None
        server.start()
        assert server.port == before, "clients hold its address"
        with connected(server) as connection:
            connection.channel().queue_declare("kept", passive=True)
        with pytest.raises(amqp.AccessRefused), connected(server, "wrong"):
            pass
        process = server.process()
        assert process is not None
        listening = {c.laddr.ip for c in process.net_connections("tcp") if c.status == psutil.CONN_LISTEN}
        assert listening == {"127.0.0.1"}
        family = [process, *process.children(recursive=True)]
        server.stop()
        assert all(is_gone_within(member, 10) for member in family)
    finally:
        server.remove()
    assert not server.directory.exists()
    assert not server.home.exists()


def test_where_it_is_missing_one_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rabbitmq, "_HOMES", ("nowhere/rabbitmq_server-*",))
    with pytest.raises(ServerError, match=r"No RabbitMQ was found\. Run: apt-get install .*rabbitmq-server"):
        rabbitmq_program()


def test_the_newest_release_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for release in ("3.9.27", "3.10.8", "3.10.10"):
        program = tmp_path / f"rabbitmq_server-{release}" / "sbin" / "rabbitmq-server"
        program.parent.mkdir(parents=True)
        program.touch()
    monkeypatch.setattr(rabbitmq, "_HOMES", (f"{str(tmp_path)[1:]}/rabbitmq_server-*",))
    assert rabbitmq_program().version == "3.10.10"


def test_a_port_that_is_taken_is_told_in_rabbitmq_s_words_too(tmp_path: Path) -> None:
    assert isinstance(
        explain("RabbitMQ", tmp_path, "reason: eaddrinuse (address already in use)"), PortTakenError
    )
