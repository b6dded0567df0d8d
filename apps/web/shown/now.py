"""The database's clock, by which every time of the ledger was written."""

from datetime import datetime

from django.db import connection


def now() -> datetime:
    """Return the moment as PostgreSQL sees it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
    return moment
