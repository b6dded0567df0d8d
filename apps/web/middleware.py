"""Middleware of the pages: refuse odd addresses, set the time zone, name the owner of a request's jobs."""

import re
from collections.abc import Callable
from uuid import uuid4

from django.core.exceptions import BadRequest
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone

from apps.accounts.models import User
from apps.jobs import origin

REQUEST_ID = "X-Request-ID"
_READABLE = re.compile(r"[A-Za-z0-9._:=/+-]{1,128}")  # as proxies and tracers write them


def addresses_hold_no_nul(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Answer 400 to an address with a NUL character, which PostgreSQL can neither hold nor compare."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if "\x00" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
            raise BadRequest("The address holds a NUL character.")
        return get_response(request)

    return middleware


def times_are_the_persons(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Show and read times in the zone of the person who asks."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        zone = request.user.zone if isinstance(request.user, User) else None
        with timezone.override(zone):
            return get_response(request)

    return middleware


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
