"""The brake on guessing passwords: five tries for an address from one place, then a break.

The tries are rows, so every web process counts the same ones.
"""

from datetime import timedelta

from django.http import HttpRequest

from apps.web import sql
from apps.web.models import LoginTry

MOST = 5
BREAK = timedelta(minutes=5)
_LONGEST_ADDRESS = 254


def take_a_try(request: HttpRequest, address: str) -> int | None:
    """Count a try and return how many are left after it; None when a break is on."""
    params = {"address": _key(address), "ip": _ip(request), "most": MOST, "rest": BREAK}
    rows = sql.run("count_login_try", params)
    return MOST - rows[0][0] if rows else None


def forget_tries(request: HttpRequest, address: str) -> None:
    """Start counting anew, since the person is in."""
    LoginTry.objects.filter(address=_key(address), ip=_ip(request)).delete()


def _key(address: str) -> str:
    return address.strip().lower().replace("\x00", "")[:_LONGEST_ADDRESS]


def _ip(request: HttpRequest) -> str:
    return request.META.get("REMOTE_ADDR") or "0.0.0.0"  # noqa: S104  # a unix socket has no address
