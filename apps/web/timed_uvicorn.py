"""Uvicorn with a time limit for the headers of a request: ``python -m apps.web.timed_uvicorn APP [options]``.

Uvicorn itself waits for ever for a client that sends half a header, and each one costs a connection.
"""

import asyncio
from typing import Final

import uvicorn
from uvicorn.config import HTTP_PROTOCOLS
from uvicorn.protocols.http.auto import AutoHTTPProtocol

HEADERS_S: Final = 15.0


class TimedHttp(AutoHTTPProtocol):  # type: ignore[misc,valid-type]  # one of two classes, chosen when imported
    """A connection that is closed when the headers of its next request do not come in time."""

    _headers_by: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Expect the first request."""
        super().connection_made(transport)
        self._expect_headers()

    def data_received(self, data: bytes) -> None:
        """Take in a part; expect the rest of the headers in time."""
        super().data_received(data)
        if not self._waits_for_headers():
            self._stop_clock()
        elif self._headers_by is None:
            self._expect_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock."""
        self._stop_clock()
        super().connection_lost(exc)

    def _waits_for_headers(self) -> bool:
        return self.cycle is None or bool(self.cycle.response_complete)

    def _expect_headers(self) -> None:
        self._headers_by = self.loop.call_later(HEADERS_S, self._give_up)

    def _stop_clock(self) -> None:
        if self._headers_by is not None:
            self._headers_by.cancel()
            self._headers_by = None

    def _give_up(self) -> None:
        self._headers_by = None
        if self._waits_for_headers() and not self.transport.is_closing():
            self.transport.close()


HTTP_PROTOCOLS["auto"] = "apps.web.timed_uvicorn:TimedHttp"

if __name__ == "__main__":
    uvicorn.main()
