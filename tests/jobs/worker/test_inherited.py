"""A process of the pool holds none of its parent's network connections, and breaks nobody's."""

import os
import socket
import stat

from apps.jobs.worker import inherited


def _in_a_child(ears: socket.socket, others: list[int]) -> list[bool]:
    """Fork as the pool does, let go, and tell of each descriptor whether it is a socket still."""
    reads, writes = os.pipe()
    pid = os.fork()
    if pid == 0:
        inherited.let_go()
        told = [stat.S_ISSOCK(os.fstat(fd).st_mode) for fd in (ears.fileno(), *others)]
        os.write(writes, bytes(told))
        os._exit(0)
    os.waitpid(pid, 0)
    os.close(writes)
    with os.fdopen(reads, "rb") as file:
        return [bool(byte) for byte in file.read()]


def test_a_child_lets_go_of_connections_and_keeps_its_pipes() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        ears = socket.create_connection(server.getsockname())
        voice, _ = server.accept()
        one, two = socket.socketpair()
        with ears, voice, one, two:
            assert _in_a_child(ears, [voice.fileno(), one.fileno()]) == [False, False, True]
            voice.sendall(b"still there")
            assert ears.recv(11) == b"still there", "the parent's connection is untouched"
            voice.close()
            assert ears.recv(1) == b"", "its end is seen as soon as the parent closes it"


def test_a_pool_without_processes_keeps_its_connections() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        inherited.let_go()
        assert stat.S_ISSOCK(os.fstat(server.fileno()).st_mode)
