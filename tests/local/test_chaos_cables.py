"""A cable carries, delays, holds, cuts and refuses as a fault asks, over real sockets."""

from __future__ import annotations

import socket
import socketserver
import threading
import time
from typing import TYPE_CHECKING

import pytest

from apps.local.chaos.cables import DOWN, UP, Cable, Cables
from tests.local.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator


class Echo(socketserver.BaseRequestHandler):
    """Send back what comes."""

    def handle(self) -> None:
        while data := self.request.recv(65_536):
            self.request.sendall(data)


class EchoServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A connection that a test resets is no news."""


@pytest.fixture
def cable() -> Iterator[Cable]:
    server = EchoServer(("127.0.0.1", 0), Echo)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    cables = Cables()
    yield cables.lay(lambda: int(server.server_address[1]))
    cables.close()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def line(cable: Cable) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", cable.port), timeout=5) as client:
        yield client


def echoed(line: socket.socket, text: bytes) -> bytes:
    line.sendall(text)
    return line.recv(1000)


def read_to_the_end(line: socket.socket) -> None:
    while line.recv(1000):
        pass


def talk_into_the_void(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as another:
        while echoed(another, b"x"):
            pass
        raise ConnectionResetError("closed without a reset")


def test_all_that_is_sent_arrives(line: socket.socket) -> None:
    assert echoed(line, b"hello") == b"hello"


def test_latency_is_added_each_way(cable: Cable, line: socket.socket) -> None:
    cable.latency_s = 0.1
    began = time.monotonic()
    assert echoed(line, b"slow") == b"slow"
    assert time.monotonic() - began >= 0.2


def test_what_a_black_hole_holds_is_delivered_when_it_is_mended(cable: Cable, line: socket.socket) -> None:
    assert echoed(line, b"before") == b"before"
    cable.blackhole(DOWN)
    line.sendall(b"held")
    wait_until(lambda: cable.held(DOWN) == 4)
    cable.mend()
    assert line.recv(1000) == b"held"


def test_what_a_black_hole_holds_is_gone_after_a_reset(cable: Cable, line: socket.socket) -> None:
    assert echoed(line, b"before") == b"before"
    cable.blackhole(UP)
    line.sendall(b"gone")
    wait_until(lambda: cable.held(UP) == 4)
    cable.reset()
    with pytest.raises(ConnectionResetError):
        line.recv(1000)


def test_a_black_hole_for_open_lines_lets_new_ones_pass(cable: Cable, line: socket.socket) -> None:
    assert echoed(line, b"before") == b"before"
    cable.blackhole(DOWN, new_ones_too=False)
    with socket.create_connection(("127.0.0.1", cable.port), timeout=5) as another:
        assert echoed(another, b"new") == b"new"
    assert cable.opened == 2


def test_a_line_is_cut_after_so_many_bytes(cable: Cable, line: socket.socket) -> None:
    assert echoed(line, b"before") == b"before"
    cable.cut_after(3)
    line.sendall(b"12345")
    assert cable.was_cut.wait(5)
    with pytest.raises(ConnectionResetError):
        read_to_the_end(line)


def test_a_refused_line_is_reset_at_once_and_so_are_the_open_ones(cable: Cable, line: socket.socket) -> None:
    assert echoed(line, b"before") == b"before"
    cable.refuse()
    with pytest.raises(ConnectionResetError):
        line.recv(1000)
    with pytest.raises(ConnectionError):
        talk_into_the_void(cable.port)


def test_a_line_falls_silent_with_the_answer_that_has_a_word(cable: Cable, line: socket.socket) -> None:
    cable.hold_from(b"COMMIT")
    assert echoed(line, b"BEGIN") == b"BEGIN"
    line.sendall(b"COMMIT")
    wait_until(lambda: cable.held(DOWN) == 6)
    cable.mend()
    assert line.recv(1000) == b"COMMIT"
