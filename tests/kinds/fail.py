"""Fail in the way one asks for."""

import os
import signal
from datetime import timedelta

from apps.jobs import Discard, RetryPolicy, Snooze, job


@job("kinds.fail", retry=RetryPolicy(max_attempts=2, first=timedelta(milliseconds=100)))
def fail(how: str) -> object:
    """Fail, each way as a real job might."""
    if how == "discard":
        raise Discard("There is no row 7 in this file.")
    if how == "snooze":
        raise Snooze(timedelta(seconds=30), "the till is closed")
    if how == "exit":
        os._exit(3)
    if how == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "system exit":
        raise SystemExit(1)
    if how == "not json":
        return object()
    raise ValueError(how)
