"""A few at a time for each person: downloads and streams of one process."""

import weakref
from collections import Counter
from collections.abc import Callable
from threading import Lock
from typing import Final

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from apps.web.asgi import Application, Receive, Scope, Send

_RELEASES: Final = "backline.releases"


class AtOnce:
    """Counts the answers that are being sent to each person."""

    def __init__(self) -> None:
        self._open: Counter[object] = Counter()
        self._lock = Lock()

    def held(
        self, request: HttpRequest, person: object, most: int, response: HttpResponseBase
    ) -> HttpResponseBase | None:
        """Return an answer that counts until it was sent; None when the person has as many as allowed.

        Call it last, with the finished answer: nothing may fail while an answer counts that nobody sends.
        """
        with self._lock:
            if self._open[person] >= most:
                return None
            self._open[person] += 1
        release = weakref.finalize(response, self._leave, person)  # runs once, whoever calls it first
        release.atexit = False
        response._resource_closers.append(release)  # type: ignore[attr-defined]  # called by close()
        if isinstance(request, ASGIRequest) and _RELEASES in request.scope:
            request.scope[_RELEASES].add(release)
        return response

    def _leave(self, person: object) -> None:
        with self._lock:
            self._open[person] -= 1
            if self._open[person] <= 0:
                del self._open[person]


class _Releases:
    """What the end of a request releases, also what comes after that end."""

    def __init__(self) -> None:
        self._all: list[Callable[[], object]] = []
        self._is_over = False
        self._lock = Lock()

    def add(self, release: Callable[[], object]) -> None:
        with self._lock:
            self._all.append(release)
            is_over = self._is_over
        if is_over:
            release()

    def end(self) -> None:
        with self._lock:
            self._is_over = True
        for release in self._all:
            release()


class ReleasingPlaces:
    """An application whose requests release their places at their end.

    Django never closes the answer of a client that left before it began.
    """

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and release its places."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        releases = scope[_RELEASES] = _Releases()
        try:
            await self._application(scope, receive, send)
        finally:
            releases.end()


def too_many(sentence: str) -> HttpResponse:
    """Answer that a person has too many open."""
    response = HttpResponse(sentence, status=429, content_type="text/plain; charset=utf-8")
    response["Retry-After"] = "10"
    return response
