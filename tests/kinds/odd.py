"""Behave as no job should, in the way one asks for."""

import asyncio
import ctypes
import logging
import os
import resource
from datetime import timedelta

from django.db import connection, transaction

from apps.jobs import RetryPolicy, job

log = logging.getLogger(__name__)


@job("kinds.odd", retry=RetryPolicy(max_attempts=2, first=timedelta(milliseconds=10)))
def odd(how: str) -> object:
    """Do something odd; what it returns is seldom reached."""
    return _WAYS[how]()


def _fork() -> str:
    os.fork()
    return "came out twice"


def _segfault() -> int:
    return int(ctypes.string_at(0)[0])


def _exhaust_memory() -> str:
    """Run out of memory as under a limit; the limit is gone with the body."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (1 << 30, before[1]))
    try:
        return "x" * (8 << 30)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def _leave_transaction_open() -> str:
    transaction.set_autocommit(False)
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO steps_walked (job_id, step) VALUES (gen_random_uuid(), 666)")
    return "left open"


def _log_a_million_lines() -> str:
    for number in range(1_000_000):
        log.info("line %d", number)
    return "said it all"


def _log_binary() -> str:
    log.info("binary \x00 \ud800 %s", bytes(range(256)).decode("latin-1"))
    log.info(b"\x00\xff")
    log.info(*("too few %d arguments %s", "these"))
    return "logged"


def _raise(error: BaseException) -> object:
    raise error


async def _cancelled() -> None:
    asyncio.current_task().cancel()  # type: ignore[union-attr]  # it runs in one
    await asyncio.sleep(60)


_WAYS = {
    "fork": _fork,
    "exit": lambda: os._exit(3),
    "segfault": _segfault,
    "exhaust memory": _exhaust_memory,
    "close the connection": connection.close,
    "leave a transaction open": _leave_transaction_open,
    "system exit": lambda: _raise(SystemExit(1)),
    "interrupt": lambda: _raise(KeyboardInterrupt()),
    "cancelled await": lambda: asyncio.run(_cancelled()),
    "generator exit": lambda: _raise(GeneratorExit()),
    "group": lambda: _raise(BaseExceptionGroup("all", [asyncio.CancelledError(), KeyboardInterrupt()])),
    "exit of a child": lambda: _raise(SystemExit(-241)),
    "not json": object,
    "log a million lines": _log_a_million_lines,
    "log binary": _log_binary,
}
