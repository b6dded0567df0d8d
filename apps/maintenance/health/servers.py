"""Checks of what everything leans on: the database, the broker, the pages."""

import re
from http.client import HTTPException
from time import monotonic
from typing import Final
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from django.conf import settings
from django.db import connection

from apps.jobs.messages.broker import BrokerAway, answer_time
from apps.jobs.operating import engine
from apps.maintenance.health.finding import Finding, note, well, wrong

_CROWDED: Final = 0.9  # of the connections that the server allows
_MAKE_ROOM: Final = "Find who holds the connections in pg_stat_activity, or raise max_connections."
_NO_CONNECTION: Final = re.compile("too many (clients|connections)|connection slots")  # no code comes with it
_PATIENCE_S: Final = 10


def database() -> Finding:
    """Check that the database accepts writes and has connections left; its answer shows that it runs."""
    if engine.engine().is_read_only:
        return wrong("database", engine.READ_ONLY.sentence.rstrip("."), engine.READ_ONLY.mend)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(numbackends)::int, current_setting('max_connections')::int FROM pg_stat_database"
        )
        taken, most = cursor.fetchone()
    found = f"{taken} of {most} connections taken"
    if taken >= most * _CROWDED:
        return wrong("database", found, _MAKE_ROOM)
    return well("database", found)


def mend_of(error: Exception, otherwise: str) -> str:
    """Return how to mend an error of the database: another way when it has no connection left."""
    return _MAKE_ROOM if _NO_CONNECTION.search(str(error)) else otherwise


def broker() -> Finding:
    """Check that the broker answers."""
    try:
        seconds = answer_time()
    except BrokerAway as away:
        return wrong("broker", f"does not answer: {away}", "See that it runs; no job is lost meanwhile.")
    return well("broker", f"answers in {seconds * 1000:.0f} ms")


def web() -> Finding:
    """Check that the pages answer, where their address is known."""
    address = settings.HEALTH_URL
    if not address:
        return note("web", "not asked: neither BACKLINE_HEALTH_URL nor BACKLINE_WEB_URL is set")
    if not address.startswith(("http://", "https://")):
        return wrong("web", f"{address!r} is no address of a page", "Set BACKLINE_HEALTH_URL to one.")
    began = monotonic()
    try:
        with urlopen(Request(address), timeout=_PATIENCE_S) as answer:  # noqa: S310  # the operator's own address
            answer.read(1)
    except HTTPError as error:
        with error:
            return wrong(
                "web", f"{address} answers {error.code} {error.reason}", "See the log of the web process."
            )
    except (OSError, HTTPException) as error:
        return wrong("web", f"{address} does not answer: {error}", "See that a web process runs there.")
    return well("web", f"answers in {(monotonic() - began) * 1000:.0f} ms")
