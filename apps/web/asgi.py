"""What wraps Django's ASGI application: the types of the protocol, and an answer without Django's help."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from django.template import loader

Scope = MutableMapping[str, Any]  # as the ASGI specification has them
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


async def answer(send: Send, status: int, template: str, *, retry_after: int = 0, **context: object) -> None:
    """Send a page and end the connection: the rest of the request is not read."""
    body = loader.get_template(template).render(context).encode()
    headers = [
        (b"content-type", b"text/html; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    if retry_after:
        headers.append((b"retry-after", str(retry_after).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
