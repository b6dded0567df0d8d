"""Refuse bodies that are too large, too slow or too many before Django writes them to disk.

Wraps the ASGI application in config: Django's handler spools a whole body into a temporary file before a view
can refuse it. A large one is taken only at the upload's address and only from a session of a user.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Final

from asgiref.sync import sync_to_async
from django.conf import settings
from django.http import parse_cookie

from apps.accounts.sessions import user_of_session
from apps.lib.words import size
from apps.web.asgi import Application, Message, Receive, Scope, Send, answer
from apps.web.live.thread import let_go
from apps.web.sessions import Busy, session_free

_FORM_BYTES: Final = 1024 * 1024  # what a form adds around its file
_ELSEWHERE_BYTES: Final = 2 * _FORM_BYTES  # where no file is expected
_UPLOAD_PATH: Final = "/imports/"
_IDLE_S: Final = 30.0  # without a byte
_FORM_S: Final = 60.0  # for a body that is no upload, and for the rest of one that was refused

Uploader = Callable[[Scope], Awaitable[object]]


class _Refused(Exception):  # noqa: N818  # an answer, not an error
    def __init__(self, status: int, template: str, *, reads_on: bool = False) -> None:
        super().__init__(template)
        self.status = status
        self.template = template
        self.reads_on = reads_on


async def uploader_of(scope: Scope) -> object:
    """Return the id of the user whose session a request carries; None for none."""
    cookies = b"; ".join(value for name, value in scope["headers"] if name == b"cookie")
    key = parse_cookie(cookies.decode("latin-1")).get(settings.SESSION_COOKIE_NAME)
    if not key:
        return None
    async with session_free():
        return await sync_to_async(_user_id)(key)


def _user_id(key: str) -> object:
    try:
        user = user_of_session(key)
        return user.pk if user else None
    finally:
        let_go()


class BodyLimit:
    """An application that takes no body larger, slower or more than it may be."""

    def __init__(self, application: Application, uploader: Uploader = uploader_of) -> None:
        self._application = application
        self._uploader = uploader
        self._uploads: Counter[object] = Counter()  # of each person, in this process
        self._in_flight = 0  # bytes of them

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, unless its body is refused."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        person = None
        try:
            if scope["path"] == _UPLOAD_PATH and _may_be_large(scope):
                person = await self._admitted(scope)
            await self._passed_on(scope, receive, send, person)
        except _Refused as refused:
            await _refuse(refused, receive, send)
        except Busy:
            await answer(send, 503, "errors/busy.html", retry_after=5)
        finally:
            if person is not None:
                self._uploads[person] -= 1

    async def _admitted(self, scope: Scope) -> object:
        """Return who uploads, counted; None for a request without a session."""
        person = await self._uploader(scope)
        if person is not None:
            if self._uploads[person] >= settings.BACKLINE_UPLOADS_AT_ONCE:
                raise _Refused(429, "errors/too_many_uploads.html")
            self._uploads[person] += 1
        return person

    async def _passed_on(self, scope: Scope, receive: Receive, send: Send, person: object) -> None:
        most = _ELSEWHERE_BYTES if person is None else settings.BACKLINE_UPLOAD_MAX_BYTES + _FORM_BYTES
        is_upload = scope["path"] == _UPLOAD_PATH
        too_large = _Refused(413, "errors/too_large.html", reads_on=True)
        if is_upload and person is None:
            too_large = _Refused(403, "errors/log_in_to_upload.html")
        if _announced(scope) > most:
            raise too_large
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + (_FORM_S if person is None else settings.BACKLINE_UPLOAD_MAX_S)
        taken, is_whole = 0, False

        async def counted() -> Message:
            nonlocal taken, is_whole
            if is_whole:
                return await receive()
            message = await _in_time(receive, min(_IDLE_S, ends_at - loop.time()))
            length = len(message.get("body", b""))
            taken, self._in_flight = taken + length, self._in_flight + length
            is_whole = not message.get("more_body", False)
            if taken > most:
                raise too_large
            if person is not None and self._in_flight > settings.BACKLINE_UPLOADS_IN_FLIGHT_BYTES:
                raise _Refused(503, "errors/busy.html")
            return message

        try:
            await self._application(scope, counted, send)
        finally:
            self._in_flight -= taken


def _may_be_large(scope: Scope) -> bool:
    """Say whether a body is announced that is no form's, or one of unknown length."""
    if scope.get("method", "POST") in ("GET", "HEAD"):
        return False
    return _announced(scope) > _ELSEWHERE_BYTES or not any(
        name == b"content-length" for name, _ in scope["headers"]
    )


def _announced(scope: Scope) -> int:
    length = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    return int(length) if length.isdigit() else 0


async def _in_time(receive: Receive, seconds: float) -> Message:
    try:
        return await asyncio.wait_for(receive(), max(seconds, 0.0))
    except TimeoutError:
        raise _Refused(408, "errors/too_slow.html") from None


async def _refuse(refused: _Refused, receive: Receive, send: Send) -> None:
    """Answer. Some browsers show an answer only once they have sent all, so take the rest where it helps."""
    if refused.reads_on and not await _rest_came(receive):
        return
    retry_after = 5 if refused.status in (429, 503) else 0
    most = size(settings.BACKLINE_UPLOAD_MAX_BYTES)
    await answer(send, refused.status, refused.template, retry_after=retry_after, most=most)


async def _rest_came(receive: Receive) -> bool:
    loop = asyncio.get_running_loop()
    ends_at = loop.time() + _FORM_S
    while True:
        try:
            message = await asyncio.wait_for(receive(), min(_IDLE_S, max(ends_at - loop.time(), 0.0)))
        except TimeoutError:
            return True
        if message["type"] == "http.disconnect":
            return False
        if not message.get("more_body", False):
            return True
