"""A few downloads at once for each person."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Final, TypeVar, cast

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from apps.web.at_once import AtOnce, too_many

View = TypeVar("View", bound=Callable[..., HttpResponseBase])
_downloads: Final = AtOnce()


def a_few_at_once(view: View) -> View:
    """Answer 429 to a person to whom ``BACKLINE_DOWNLOADS_AT_ONCE`` files are being sent."""

    @wraps(view)
    def counted(
        request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:  # as the view takes them
        response = view(request, *args, **kwargs)  # first: a missing file takes no place
        most = settings.BACKLINE_DOWNLOADS_AT_ONCE
        held = _downloads.held(request, request.user.pk, most, response)
        return held or too_many("You are downloading too many files at once. Wait until one has ended.")

    return cast("View", counted)
