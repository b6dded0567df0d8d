"""Run under an external witness: a lock of the kernel, which its process loses only when it is dead."""

import ctypes
import fcntl
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from celery import shared_task
from celery.exceptions import Reject
from celery.worker import state

from apps.jobs import Context, RetryPolicy, job

_AT_ONCE = RetryPolicy(max_attempts=2, first=timedelta(milliseconds=10))


@job("kinds.witnessed", concurrency=1, retry=_AT_ONCE, timeout=timedelta(minutes=2))
def witnessed(ctx: Context, path: str, seconds: float, deaf: bool = False, holds_gil: bool = False) -> None:
    """Take the witness's lock for so many seconds at the first attempt, and write down every overlap."""
    with alone(path):
        _spend(seconds if ctx.attempt == 1 else 0.5, deaf=deaf, holds_gil=holds_gil)


@job("kinds.witnessed_short", concurrency=1, retry=_AT_ONCE, timeout=timedelta(seconds=3))
def witnessed_short(path: str, seconds: float, deaf: bool = False, holds_gil: bool = False) -> None:
    """Do the same with a limit of three seconds."""
    with alone(path):
        _spend(seconds, deaf=deaf, holds_gil=holds_gil)


@shared_task(name="plain.witnessed")
def plain_witnessed(path: str, seconds: float) -> None:
    """Write a line at the begin and at the end: no ledger knows of this task."""
    write(path, "begin")
    time.sleep(seconds)
    write(path, "end")


@shared_task(name="plain.requeued", bind=True, acks_late=True, reject_on_worker_lost=True)
def plain_requeued(self: Any, path: str, how: str) -> None:
    """Ask for a second delivery, or kill its process, at the first one."""
    write(path, "begin")
    if self.request.delivery_info.get("redelivered"):
        return
    if how == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    raise Reject("not now", requeue=True)


@shared_task(name="plain.terminate_worker")
def plain_terminate_worker() -> None:
    """End the worker of this thread as Celery does on an error that it cannot survive."""
    state.should_terminate = 1  # type: ignore[assignment]  # the stubs know no exit code


@contextmanager
def alone(path: str) -> Iterator[None]:
    """Hold the lock, and write down begin, end and every overlap."""
    with Path(f"{path}.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            write(path, "overlap")
        write(path, "begin")
        yield
        write(path, "end")


def write(path: str, word: str) -> None:
    """Append a line as one write, which no other process cuts in two."""
    with Path(path).open("ab", buffering=0) as out:
        out.write(f"{word} {time.monotonic():.3f} {os.getpid()}\n".encode())


def _spend(seconds: float, *, deaf: bool, holds_gil: bool) -> None:
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        try:
            _hold_gil(left) if holds_gil else time.sleep(min(left, 0.2))
        except BaseException:
            if not deaf:
                raise


def _hold_gil(seconds: float) -> None:
    """Sleep in C with the lock of the interpreter held: no other thread of this process runs."""
    ctypes.PyDLL(None).usleep(int(min(seconds, 900) * 1e6))
