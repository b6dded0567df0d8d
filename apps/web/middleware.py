"""Say for every request who enqueues its jobs, and name it so that they can be traced to it."""

import re
from collections.abc import Callable
from uuid import uuid4

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from apps.jobs import origin

REQUEST_ID = "X-Request-ID"
_READABLE = re.compile(r"[A-Za-z0-9._:=/+-]{1,128}")  # as proxies and tracers write them


def jobs_come_from_the_web(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Name the logged-in person as the owner of the jobs that a request enqueues, and the request.

    The answer tells its name too, in the header in which a proxy may have given it one.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        owner_id = request.user.pk if request.user.is_authenticated else None
        request_id = _name_of(request)
        with origin(owner_id=owner_id, trigger="web", request_id=request_id):
            response = get_response(request)
        response.headers[REQUEST_ID] = request_id
        return response

    return middleware


def _name_of(request: HttpRequest) -> str:
    """Return what the proxy before us calls the request; a new name when it gave none that can be read."""
    given = request.headers.get(REQUEST_ID, "")
    return given if _READABLE.fullmatch(given) else uuid4().hex
