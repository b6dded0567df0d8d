"""Refuse bodies that are too large before Django writes them to disk.  Wraps the ASGI application in config.

Django's handler spools a whole body into a temporary file before any view can say no.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from django.conf import settings
from django.template import loader

from apps.lib.words import size

_FORM_BYTES = 1024 * 1024  # what a form adds around its file
_ELSEWHERE_BYTES = 2 * _FORM_BYTES  # where no file is expected
_UPLOAD_PATH = "/imports/"

Scope = MutableMapping[str, Any]  # as the ASGI specification has them
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class _TooLarge(Exception):  # noqa: N818  # it says what the body is
    pass


class BodyLimit:
    """An application that takes no body larger than an upload may be."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, unless its body is or becomes too large."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        most = _most(scope["path"])
        if _announced(scope) > most:
            await _refuse(receive, send)
            return
        try:
            await self._application(scope, _counted(receive, most), send)
        except _TooLarge:
            await _refuse(receive, send)


def _most(path: str) -> int:
    return settings.BACKLINE_UPLOAD_MAX_BYTES + _FORM_BYTES if path == _UPLOAD_PATH else _ELSEWHERE_BYTES


def _announced(scope: Scope) -> int:
    length = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    return int(length) if length.isdigit() else 0


def _counted(receive: Receive, most: int) -> Receive:
    taken = 0

    async def counted() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > most:
            raise _TooLarge
        return message

    return counted


async def _refuse(receive: Receive, send: Send) -> None:
    """Read the rest and keep nothing: a browser shows an answer only once it has sent everything."""
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        more = message.get("more_body", False)
    page = loader.get_template("errors/too_large.html")
    body = page.render({"most": size(settings.BACKLINE_UPLOAD_MAX_BYTES)}).encode()
    headers = [
        (b"content-type", b"text/html; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": body})
