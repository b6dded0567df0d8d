"""Give every answer the headers that protect it.  Wraps the ASGI application in config.

Django's middleware sets them on the answers of views only; those of the server's own limits, of requests that
cannot be read and of static files pass it by.
"""

from csp.utils import build_policy
from django.conf import settings

from apps.web.asgi import Application, Message, Receive, Scope, Send


class SafeHeaders:
    """An application whose answers carry the safety headers, each where the answer has none of its own."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._headers = [
            (b"content-security-policy", build_policy().encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"x-frame-options", settings.X_FRAME_OPTIONS.encode()),
            (b"referrer-policy", str(settings.SECURE_REFERRER_POLICY).encode()),
            (b"cross-origin-opener-policy", b"same-origin"),
            # A page holds what one person may see: neither a proxy nor the next person at this computer may.
            (b"cache-control", b"no-store"),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and its answer back with the headers."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = list(message.get("headers", []))
                names = {name.lower() for name, _ in given}
                message["headers"] = given + [header for header in self._headers if header[0] not in names]
            await send(message)

        await self._application(scope, receive, send_with_headers)
