"""A few at a time for each person: downloads and streams of one process."""

import weakref
from collections import Counter
from threading import Lock

from django.http import HttpResponse
from django.http.response import HttpResponseBase


class AtOnce:
    """Counts the answers that are being sent to each person."""

    def __init__(self) -> None:
        self._open: Counter[object] = Counter()
        self._lock = Lock()

    def take(self, person: object, most: int) -> "Place | None":
        """Return a place for one more answer; None when the person has as many as allowed."""
        with self._lock:
            if self._open[person] >= most:
                return None
            self._open[person] += 1
        return Place(self, person)

    def leave(self, person: object) -> None:
        """Count one answer less."""
        with self._lock:
            self._open[person] -= 1
            if self._open[person] <= 0:
                del self._open[person]


class Place:
    """One answer that is being sent; what is never sent gives its place back when it is forgotten."""

    def __init__(self, counted: AtOnce, person: object) -> None:
        self._end = weakref.finalize(self, counted.leave, person)
        self._end.atexit = False

    def hold(self, response: HttpResponseBase) -> None:
        """Keep the place until the answer is closed, or forgotten because its reader left before it began."""
        response._place = self  # type: ignore[attr-defined]
        response._resource_closers.append(self._end)  # type: ignore[attr-defined]  # called by close()


def too_many(sentence: str) -> HttpResponse:
    """Answer that a person has too many open."""
    response = HttpResponse(sentence, status=429, content_type="text/plain; charset=utf-8")
    response["Retry-After"] = "10"
    return response
