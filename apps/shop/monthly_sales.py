"""Monthly sales: a CSV file by month, product and country, summed up and written by PostgreSQL."""

from datetime import date
from typing import BinaryIO, Final

from django.db import connection, transaction

from apps.lib.spreadsheet import FOR_SQL
from apps.shop import sql

_TOTALS: Final = ("rows", "months", "sold", "returned", "adjusted", "net")


def write_monthly_sales(
    file: BinaryIO, *, since: date | None = None, until: date | None = None
) -> dict[str, object]:
    """Write the sales of these days, a block at a time, and return their totals; money comes as text.

    File and totals are of one moment, whatever is imported meanwhile. ``until`` is the last day; without it
    the month that is not over is left out.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql.text("gather_months"), {"since": since, "until": until})
        cursor.execute(sql.text("total_months"))
        totals = dict(zip(_TOTALS, cursor.fetchone(), strict=True))
        with cursor.copy(sql.text("copy_months"), FOR_SQL) as copy:
            file.writelines(copy)
        cursor.execute("DROP TABLE shop_months")
    return {name: value if isinstance(value, int) else str(value) for name, value in totals.items()}
