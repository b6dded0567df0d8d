"""Choose loopback ports. A port can be lost between choosing and binding: callers try again."""

from __future__ import annotations

import errno
import random
import socket
import time
from contextlib import ExitStack

from apps.local.servers.errors import PortTakenError, ServerError

LOOPBACK = "127.0.0.1"
# Below the range from which Linux and macOS pick ports of outgoing connections.
_OURS = range(20_000, 32_000)


def is_free(port: int) -> bool:
    """Tell whether a server could listen on `port` of the loopback address now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def becomes_free(port: int, patience: float = 3.0) -> bool:
    """Wait a moment for `port`: a server that was just killed gives it back a little later."""
    deadline = time.monotonic() + patience
    while not is_free(port):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def asked_port(port: int, name: str) -> int:
    """Return `port` when it is free, and say so in an error when it is not."""
    if not becomes_free(port):
        raise PortTakenError(
            f"{name} cannot use port {port}: another program listens on it already.",
            "Name another port, or stop that program.",
        )
    return port


def free_port() -> int:
    """Return a port nobody listens on, away from those the kernel hands to clients."""
    for port in random.sample(_OURS, 200):
        if is_free(port):
            return port
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def reserve_port(first: int) -> tuple[int, ExitStack]:
    """Reserve `first`, or the nearest free port above it, until the returned stack is closed.

    Two starts at the same moment get different ports, although neither listens yet.
    """
    for port in (*range(first, min(first + 200, 65_536)), *random.sample(_OURS, 200)):
        reserved = reserve(port)
        if reserved is not None and is_free(port):
            return port, reserved
        if reserved is not None:
            reserved.close()
    raise ServerError(
        f"No free port was found from {first} on.", "Stop programs that listen, or name a port."
    )


def reserve(port: int) -> ExitStack | None:
    """Keep other starts from taking `port` until the returned stack is closed; None when one has it.

    The UDP port of the same number is the mark: no program of ours uses it, and it ends with the process.
    Where UDP is refused, nothing is reserved.
    """
    reserved = ExitStack()
    try:
        mark = reserved.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        mark.bind((LOOPBACK, port))
    except OSError as error:
        reserved.close()
        if error.errno == errno.EADDRINUSE:
            return None
    return reserved
