"""Give a job's body a time limit that can hit only the body, never the bookkeeping around it."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import FrameType

from apps.jobs.outcomes import TimedOut


@contextmanager
def deadline(timeout: timedelta) -> Iterator[None]:
    """Raise TimedOut inside the block when it takes longer; C code is interrupted when it returns.

    Works where signals do, in a process's main thread; elsewhere the block runs without a limit.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    armed = True

    def on_alarm(_signal: int, _frame: FrameType | None) -> None:
        if armed:
            raise TimedOut(f"It ran longer than its limit of {timeout}.")

    previous = signal.signal(signal.SIGALRM, on_alarm)
    signal.setitimer(signal.ITIMER_REAL, timeout.total_seconds())
    try:
        yield
    finally:
        armed = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
