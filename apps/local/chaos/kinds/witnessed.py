"""Run one at a time for each key, under a witness that no death escapes: a lock of the kernel."""

import asyncio
import fcntl
import os
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from apps.jobs import Context, RetryPolicy, job
from apps.local.chaos import sink

LIMIT_S = 12.0


class Unforeseen(BaseException):
    """As libraries derive theirs from outside Exception."""


async def _cancelled() -> None:
    asyncio.current_task().cancel()  # type: ignore[union-attr]  # it runs in one
    await asyncio.sleep(LIMIT_S)


ERRORS: dict[str, Callable[[], BaseException]] = {
    "cancelled": asyncio.CancelledError,
    "generator": GeneratorExit,
    "unforeseen": Unforeseen,
    "group": lambda: BaseExceptionGroup("two", [Unforeseen(), KeyboardInterrupt()]),
    "exit": lambda: SystemExit(3),
    "exit of a child": lambda: SystemExit(-241),
    "interrupt": KeyboardInterrupt,
    "memory": MemoryError,
    "recursion": RecursionError,
    "stop": StopIteration,
    "value": ValueError,
}
AWAITED = "awaited"  # an await that was cancelled


def lock_of(directory: Path, key: str) -> Path:
    """Return the file whose lock the body of a key holds."""
    return directory / "keys" / f"witness-{key}"


@job(
    "chaos.witnessed",
    concurrency=1,
    limit_by="key",
    timeout=timedelta(seconds=LIMIT_S),
    retry=RetryPolicy(max_attempts=2, first=timedelta(milliseconds=10)),
)
def witnessed(ctx: Context, key: str, ms: int = 0, how: str = "", deaf: bool = False) -> None:
    """Hold the lock of the key for a while, write down every overlap, and end as asked."""
    with lock_of(Path(os.environ[sink.DIRECTORY]), key).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sink.tell("overlap", ctx.job_id, "witnessed")
        sink.tell("begun", ctx.job_id, "witnessed")
        _spend(ms / 1000, deaf=deaf)
        if how == AWAITED:
            asyncio.run(_cancelled())
        if how:
            raise _error(how)
        sink.tell("done", ctx.job_id, "witnessed")


def _error(how: str) -> BaseException:
    return ERRORS[how]()


def _spend(seconds: float, *, deaf: bool) -> None:
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        try:
            time.sleep(min(left, 0.1))
        except BaseException:
            if not deaf:
                raise
