"""The limit on guessing passwords: five tries for an account from one place, then a break.

Three rows count each try: the account from this place, all accounts from this place (one password tried on
many), and this account from everywhere. Rows, so that every web process counts the same tries.
"""

from datetime import timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from django.core.exceptions import ObjectDoesNotExist
from django.db import transaction
from django.db.models import F
from django.http import HttpRequest

from apps.accounts.models import User
from apps.web import sql
from apps.web.models import LoginTry

MOST = 5  # for one account from one place
MOST_FROM_A_PLACE = 50  # for all accounts, within one break's time
MOST_FOR_AN_ACCOUNT = 100  # from all places, likewise
BREAK = timedelta(minutes=5)

_LONGEST_ADDRESS = 254
_ANY_ACCOUNT = ""
_ANYWHERE = "ff02::1"  # a group address: no request comes from it
_NO_PLACE = "0.0.0.0"  # noqa: S104  # a unix socket, or a proxy that names no address: all of these are one place
_NETWORK = 56  # bits of an IPv6 address that most providers give to one customer


def take_a_try(request: HttpRequest, address: str) -> int | None:
    """Count a try and return how many are left; None, and nothing counted, when a limit is reached."""
    account, place = _account(address), _place(request)
    with transaction.atomic():
        rows = sql.run("count_login_try", _params(account, place))
        if len(rows) < 3:
            transaction.set_rollback(True)
            return None
    [own] = [int(tries) for name, where, tries in rows if (name, where) == (account, place)]
    return MOST - own


def forget_tries(request: HttpRequest, address: str) -> None:
    """Take back the counted tries of a person who gave the right password."""
    account, place = _account(address), _place(request)
    own = LoginTry.objects.filter(address=account, ip=place)
    tries = own.values_list("tries", flat=True).first() or 0
    own.delete()
    totals = LoginTry.objects.filter(address=_ANY_ACCOUNT, ip=place)
    totals |= LoginTry.objects.filter(address=account, ip=_ANYWHERE)
    totals.filter(tries__lte=tries).delete()
    totals.update(tries=F("tries") - tries)


def _params(account: str, place: str) -> dict[str, object]:
    counted = sorted([(account, place, MOST), (_ANY_ACCOUNT, place, MOST_FROM_A_PLACE)])
    counted.append((account, _ANYWHERE, MOST_FOR_AN_ACCOUNT))
    counted.sort()  # everybody locks the rows in one order
    accounts, places, most = zip(*counted, strict=True)
    return {
        "accounts": list(accounts),
        "places": list(places),
        "most": list(most),
        "rest": BREAK,
    }


def _account(address: str) -> str:
    """Name the account that an address logs in to; many spellings, some of them look-alikes, mean one."""
    typed = address.strip().replace("\x00", "")[:_LONGEST_ADDRESS]
    try:
        return User.objects.get_by_natural_key(typed).email.lower()
    except ObjectDoesNotExist:
        return typed.lower()[:_LONGEST_ADDRESS] or "-"


def _place(request: HttpRequest) -> str:
    """Name the network address that a request comes from; one customer's IPv6 addresses are one place."""
    try:
        address = ip_address(request.META.get("REMOTE_ADDR") or _NO_PLACE)
    except ValueError:
        return _NO_PLACE
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ip_network((int(address), _NETWORK), strict=False).network_address)
    return str(address)
