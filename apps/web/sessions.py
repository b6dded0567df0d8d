"""The database sessions of a web process: so many at a time, whatever the number of requests and readers.

Wraps the ASGI application in config. A request gets one when its body is there, and returns it before its
answer is sent; a slow reader holds none. The rest of ``max_connections`` is left to workers, keeper and beat.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from weakref import WeakKeyDictionary

from asgiref.sync import sync_to_async
from django.conf import settings

from apps.web.asgi import Application, Message, Receive, Scope, Send, answer
from apps.web.live.thread import let_go

_PATIENCE_S: Final = 15.0
_places: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


class Busy(Exception):  # noqa: N818  # it passes
    """No session became free in time."""


class BoundedSessions:
    """An application whose requests hold at most ``BACKLINE_WEB_SESSIONS`` database sessions."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on once a session is free for it."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        place = _Place()
        has_begun = False

        async def receive_then_wait() -> Message:
            message = await receive()
            if message["type"] == "http.request" and not message.get("more_body", False):
                await place.take()
            return message

        async def return_then_send(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            if message["type"] == "http.response.start" and place.is_taken:
                await sync_to_async(let_go)()  # the connection of the thread that serves this request
                place.leave()
            await send(message)

        try:
            await self._application(scope, receive_then_wait, return_then_send)
        except Busy:
            if has_begun:  # an answer that is sent can only be cut off
                raise
            await answer(send, 503, "errors/busy.html", retry_after=5)
        finally:
            place.leave()


class _Place:
    is_taken = False

    async def take(self) -> None:
        if not self.is_taken:
            self._places = places()
            await _acquire(self._places)
            self.is_taken = True

    def leave(self) -> None:
        if self.is_taken:
            self.is_taken = False
            self._places.release()


@asynccontextmanager
async def session_free() -> AsyncIterator[None]:
    """Wait for a session to use inside the block: for what reads the database while an answer is sent."""
    free = places()
    await _acquire(free)
    try:
        yield
    finally:
        free.release()


def places() -> asyncio.Semaphore:
    """Return the places of this process's event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _places:
        _places[loop] = asyncio.Semaphore(max(settings.BACKLINE_WEB_SESSIONS, 1))
    return _places[loop]


async def _acquire(free: asyncio.Semaphore) -> None:
    try:
        await asyncio.wait_for(free.acquire(), _PATIENCE_S)
    except TimeoutError:
        raise Busy from None
