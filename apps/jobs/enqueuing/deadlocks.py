"""Enqueue again after a deadlock, where the transaction was the call's own.

Two transactions that take the keys of unique jobs in opposite orders wait for each other, until PostgreSQL
ends one of them.
"""

import logging
from collections.abc import Callable
from typing import TypeVar

from django.db import OperationalError, connection
from psycopg.errors import DeadlockDetected

log = logging.getLogger("backline.jobs")

T = TypeVar("T")

_TRIES = 5


def retried(call: Callable[[], T]) -> T:
    """Return the result of a call, made again after a deadlock unless its transaction is the caller's."""
    for tries_left in reversed(range(_TRIES)):
        try:
            return call()
        except OperationalError as error:
            is_deadlock = isinstance(error.__cause__, DeadlockDetected)
            if not is_deadlock or not tries_left or _is_inside_a_transaction():
                raise
            log.info("an enqueue met a deadlock and is tried again")
    raise AssertionError("unreachable")


def _is_inside_a_transaction() -> bool:
    return connection.in_atomic_block or not connection.get_autocommit()
