"""Say for every request who enqueues its jobs."""

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from apps.jobs import origin


def jobs_come_from_the_web(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Name the logged-in person as the owner of the jobs that a request enqueues."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        owner_id = request.user.pk if request.user.is_authenticated else None
        with origin(owner_id=owner_id, trigger="web"):
            return get_response(request)

    return middleware
