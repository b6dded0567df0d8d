"""Hang in the way one asks for; the limit is a second."""

import ctypes
import logging
import os
import signal
import time
from contextlib import suppress
from datetime import timedelta

from django.db import InterfaceError, OperationalError, connection

from apps.jobs import CancelRequested, RetryPolicy, TimedOut, job

_AT_ONCE = RetryPolicy(max_attempts=2, first=timedelta(milliseconds=10))
LONG_S = 600


@job("kinds.hang", retry=_AT_ONCE, timeout=timedelta(seconds=1))
def hang(how: str) -> str:
    """Do not end, each way as a real job might; ``not`` ends at once."""
    logging.getLogger(__name__).info("about to %s", how)
    return _hang(how)


@job("kinds.hang_for_ever", timeout=timedelta(hours=1))
def hang_for_ever(how: str) -> str:
    """Do the same with an hour of time."""
    return _hang(how)


def _hang(how: str) -> str:
    while how in _WAYS:
        _WAYS[how]()
    return how


def _spin() -> None:
    while True:
        pass


def _swallow() -> None:
    with suppress(TimedOut, CancelRequested):
        time.sleep(LONG_S)


def _block_in_c() -> None:
    ctypes.PyDLL(None).sleep(LONG_S)  # with Python's lock held: no handler of a signal runs


def _query() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_sleep({LONG_S})")


def _query_deaf() -> None:
    with suppress(TimedOut, CancelRequested, InterfaceError, OperationalError):
        _query()
    connection.close()


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


_WAYS = {
    "kill": _kill,
    "spin": _spin,
    "swallow": _swallow,
    "block in C": _block_in_c,
    "query": _query,
    "query deaf": _query_deaf,
}
