"""Let a process of the pool go of the network connections that it got with its fork.

While any process holds a connection of the parent it stays open: when the parent drops it, its event loop
hears of it for ever after, under a number that is another connection's by then. A worker whose lines to Redis
had broken took most of a processor that way, and opened its connection anew at each message.
"""

import os
import socket
import stat
from contextlib import suppress
from pathlib import Path

from celery.signals import worker_process_init

_PARENT = os.getpid()  # this is loaded before the first fork
_NETWORK = (socket.AF_INET, socket.AF_INET6)


@worker_process_init.connect(weak=False)
def let_go(**_: object) -> None:
    """Put /dev/null in the place of each; whoever closes one later by its number closes that.

    Pools without processes of their own have inherited nothing.
    """
    if os.getpid() == _PARENT:
        return
    nothing = os.open(os.devnull, os.O_RDWR)
    for entry in list(Path("/proc/self/fd").iterdir()):
        fd = int(entry.name)
        with suppress(OSError):  # the one by which the folder was read
            if _is_connection(fd):
                os.dup2(nothing, fd, inheritable=False)
    os.close(nothing)


def _is_connection(fd: int) -> bool:
    if not stat.S_ISSOCK(os.fstat(fd).st_mode):
        return False
    with socket.socket(fileno=os.dup(fd)) as connection:
        return connection.family in _NETWORK
