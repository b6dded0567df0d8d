"""What may interrupt a job's body: its time limit, and a person's cancel; never the bookkeeping around it.

Called by ``attempt`` for each body. Signals reach only a process's main thread: in a pool of threads a body
sees its limit and a cancel when it next speaks through its context.
"""

import os
import signal
import threading
from _signal import (  # type: ignore[import-not-found]  # not in typeshed
    getsignal,  # signal's own looks every handler up in an enum, which a small job feels
)
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from time import monotonic
from types import FrameType
from typing import TypeVar

from apps.jobs.outcomes import CancelRequested, TimedOut
from apps.jobs.running import coroutines, in_threads, slate
from apps.jobs.transitions import Claim

T = TypeVar("T")

_ALARM = signal.SIGALRM
CANCEL = signal.SIGUSR2  # from the worker's main process; Celery keeps SIGUSR1 for itself

_is_in_body = False
_limit = timedelta()
_until = 0.0  # when it ends, by time.monotonic()


def interruptible(claim: Claim, limit: timedelta, body: Callable[[], T]) -> T:
    """Call a body that may be interrupted: raise TimedOut or CancelRequested inside it, and only inside it.

    C code is interrupted when it returns; the worker's main process kills what does not (see ``enforce``).
    """
    global _is_in_body  # noqa: PLW0603  # one main thread a process
    if threading.current_thread() is not threading.main_thread():
        return in_threads.within(claim, limit, body)
    pid = os.getpid()
    listen()
    _show(claim, limit, slate.current())
    try:
        _is_in_body = True
        signal.setitimer(signal.ITIMER_REAL, limit.total_seconds())
        return body()
    finally:
        # A plain store first: between it and the body there is no place where Python runs a signal's handler.
        _is_in_body = False
        _end(pid)


def leave(claim: Claim) -> None:
    """End an attempt: until here its limit holds, also for what follows the body.

    A result that is encoded, an error that is described and a commit's hooks run code of the project too.
    """
    if threading.current_thread() is not threading.main_thread():
        in_threads.leave(claim)
    elif (own := slate.current()) is not None:
        own.wipe()


@contextmanager
def undisturbed() -> Iterator[None]:
    """Keep what the platform writes inside a body from being cut in two; the limit is heeded after it."""
    global _is_in_body  # noqa: PLW0603
    was_in_body = _is_in_body and threading.current_thread() is threading.main_thread()
    if was_in_body:
        _is_in_body = False
    try:
        yield
    finally:
        if was_in_body:
            _is_in_body = True
    if was_in_body and monotonic() > _until:
        raise TimedOut(_too_long())


def listen() -> None:
    """Put our handlers in place; a body may have taken them for itself."""
    if getsignal(_ALARM) is not _on_alarm:
        signal.signal(_ALARM, _on_alarm)
    if getsignal(CANCEL) is not _on_cancel:
        signal.signal(CANCEL, _on_cancel)


def _show(claim: Claim, limit: timedelta, own: slate.Slate | None) -> None:
    global _limit, _until
    now = monotonic()
    _limit, _until = limit, now + limit.total_seconds()
    if own is not None:
        own.show(claim.lease, claim.id, now, _until)


def _end(pid: int) -> None:
    if os.getpid() != pid:
        os._exit(0)  # a process that the body forked came out of it as well: it holds no lease
    signal.setitimer(signal.ITIMER_REAL, 0)


def _on_alarm(_signal: int, _frame: FrameType | None) -> None:
    if _is_in_body:
        _stop(TimedOut(_too_long()))


def _stop(error: BaseException) -> None:
    """Raise an error in the body, or have the event loop of a coroutine raise it there."""
    if not coroutines.interrupt(error):
        raise error


def _too_long() -> str:
    return f"It ran longer than its limit of {_limit}."


def _on_cancel(_signal: int, _frame: FrameType | None) -> None:
    """Stop the body, if it is still the one that was meant: the signal may come late."""
    own = slate.current()
    if _is_in_body and own is not None and own.is_asked_to_stop():
        _stop(CancelRequested("Cancelled on request."))
