"""Bodies that are coroutines: each runs in an event loop of its own, which ends with the attempt.

Synchronous code that the body awaits, Django's models included, runs in the attempt's own thread, and so in
its database session and transaction. A limit or a cancel arrives as asyncio's CancelledError.
"""

import asyncio
import threading
from collections.abc import Coroutine
from contextlib import suppress
from datetime import timedelta
from typing import Any

from asgiref.sync import async_to_sync

from apps.jobs.outcomes import TimedOut
from apps.jobs.running.request import HasRequests

_current: "_Body | None" = None  # of the main thread, which alone receives signals


def finish(task: HasRequests, coroutine: Coroutine[Any, Any, object], limit: timedelta) -> object:
    """Run a coroutine to its end and return its result; raise what interrupted it."""
    global _current  # noqa: PLW0603  # one main thread a process
    body = _Body(task, coroutine)
    if threading.current_thread() is not threading.main_thread():
        body.limit = limit  # no signal arrives here
        return async_to_sync(body.run)()
    _current = body
    try:
        return async_to_sync(body.run)()
    finally:
        _current = None


def interrupt(error: BaseException) -> bool:
    """Interrupt the coroutine that the main thread waits for; say whether there is one."""
    if _current is None:
        return False
    _current.interrupt(error)
    return True


def is_running() -> bool:
    """Return whether a coroutine of the main thread runs, in a loop that no exception ends."""
    return _current is not None


class _Body:
    """A coroutine, its task and its loop."""

    def __init__(self, task: HasRequests, coroutine: Coroutine[Any, Any, object]) -> None:
        self.limit: timedelta | None = None
        self._requests, self._request = task.request_stack, task.request
        self._coroutine = coroutine
        self._loop: asyncio.AbstractEventLoop | None = None
        self._inner: asyncio.Task[Any] | None = None
        self._error: BaseException | None = None

    async def run(self) -> object:
        """Run the coroutine as the loop's main task."""
        self._loop, self._inner = asyncio.get_running_loop(), asyncio.current_task()
        if self._error is not None:  # it came before the loop
            self._cancel(self._error)
        if self.limit is not None:
            late = TimedOut(f"It ran longer than its limit of {self.limit}.")
            self._loop.call_later(self.limit.total_seconds(), self._cancel, late)
        self._requests.push(self._request)  # Celery keeps them by thread, and the loop has its own
        try:
            return await self._coroutine
        except asyncio.CancelledError:
            if self._error is not None:
                raise self._error from None
            raise
        finally:
            self._requests.pop()

    def interrupt(self, error: BaseException) -> None:
        """Have the loop cancel the coroutine, which then raises this; a signal handler calls it."""
        if self._loop is None:
            self._error = error
            return
        with suppress(RuntimeError):  # the loop is closed: the coroutine has ended
            self._loop.call_soon_threadsafe(self._cancel, error)

    def _cancel(self, error: BaseException) -> None:
        self._error = error
        if self._inner is not None:
            self._inner.cancel()
