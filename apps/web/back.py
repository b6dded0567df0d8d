"""Where to go after a form: an address of this site, never another's."""

from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme


def back(request: HttpRequest, wanted: str, *, default: str = "home") -> str:
    """Return the wanted address if it is ours, else that of the default page."""
    ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if ours else reverse(default)
