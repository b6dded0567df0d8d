"""Times of PostgreSQL that Python cannot hold: read as the nearest time that it can, so that no query fails.

PostgreSQL has BC, infinity and years up to 294276; Python has the years 1 to 9999. The edges keep some
days of distance, so that no time zone moves them out.
"""

from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import DataError, adapters
from psycopg.pq import Format

EARLIEST: Final = datetime(1, 1, 3, tzinfo=UTC)
LATEST: Final = datetime(9999, 12, 29, tzinfo=UTC)

_EDGE_YEARS: Final = (EARLIEST.year, LATEST.year)
_OID: Final = adapters.types["timestamptz"].oid


def read_all_times(connection: BaseDatabaseWrapper, **_: object) -> None:
    """Let a new session read every time; a receiver of ``connection_created``."""
    if connection.vendor == "postgresql":
        known = connection.connection.adapters
        known.register_loader("timestamptz", _tolerant(known.get_loader(_OID, Format.TEXT)))


def is_edge(moment: datetime) -> bool:
    """Say whether a time stands for one that Python cannot hold."""
    return not EARLIEST < moment < LATEST


@cache
def _tolerant(loader: type[Any]) -> type[Any]:
    """Return Django's loader of a zone; its type is private."""

    class Tolerant(loader):  # type: ignore[misc]  # chosen while running
        def load(self, data: bytes) -> datetime:
            try:
                moment: datetime = super().load(data)
            except DataError:
                text = bytes(data)
                is_early = text.startswith(b"-") or text.endswith(b"BC")
                return (EARLIEST if is_early else LATEST).replace(tzinfo=self.timezone)
            if moment.year in _EDGE_YEARS:
                moment = min(max(moment, EARLIEST), LATEST).replace(tzinfo=moment.tzinfo)
            return moment

    return Tolerant
