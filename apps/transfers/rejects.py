"""Rejected rows: kept with their reasons, shown by cause, handed back as CSV."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from django.db import connection
from django.db.models import Count, Min, QuerySet

from apps.transfers.formulas import disarm
from apps.transfers.models import Import, RejectedRow

EXAMPLES: Final = 5
ADDED_COLUMNS: Final = ("_row", "_error")  # what the file handed back has more than the one sent
_LONGEST_FIELD: Final = 2_000  # characters; a longer one is at fault for its length
_MOST_FIELDS: Final = 200
_PAGE: Final = 500
_COPY: Final = 'COPY transfers_rejectedrow (import_id, row, "column", cause, reason, fields) FROM STDIN'

# Row, column, cause, reason and the row as it stood in the file.
Rejected: TypeAlias = tuple[int, str, str, str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Cause:
    """One kind of fault and how often it came up."""

    cause: str
    column: str
    rows: int
    examples: list[RejectedRow]


def store(import_id: int, rejected: Sequence[Rejected]) -> None:
    """Keep rejected rows, inside the caller's transaction."""
    if not rejected:
        return
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        for row, column, cause, reason, fields in rejected:
            kept = [_storable(field[:_LONGEST_FIELD]) for field in fields[:_MOST_FIELDS]]
            copy.write_row((import_id, row, column, cause, _storable(reason), json.dumps(kept)))


def causes(run: Import) -> list[Cause]:
    """Return the kinds of fault of an import, the most frequent first, each with its first rows."""
    rows = run.rejected_rows.order_by()
    groups = rows.values("cause", "column").annotate(count=Count("pk"), first=Min("row"))
    return [
        Cause(
            group["cause"],
            group["column"],
            group["count"],
            list(rows.filter(cause=group["cause"], column=group["column"]).order_by("row")[:EXAMPLES]),
        )
        for group in groups.order_by("-count", "first")
    ]


def as_csv(run: Import) -> Iterator[str]:
    """Yield the rejected rows as CSV, as they stood plus ``_row`` and ``_error``, to be mended and sent.

    What a spreadsheet would take for a formula is prefixed with an apostrophe, and each cell is quoted.
    """
    yield _line([*run.columns, *ADDED_COLUMNS])
    for each in _by_key(run):
        fields = [*each.fields, *[""] * (len(run.columns) - len(each.fields))]
        yield _line([*fields, str(each.row), each.reason])


def _by_key(run: Import) -> Iterator[RejectedRow]:
    """Yield the rows in their order, a page at a time: no cursor holds a session while a reader is slow."""
    rows: QuerySet[RejectedRow] = run.rejected_rows.order_by("row")
    last = 0
    while page := list(rows.filter(row__gt=last)[:_PAGE]):
        yield from page
        last = page[-1].row


def _line(cells: Iterable[str]) -> str:
    line = io.StringIO()
    csv.writer(line, quoting=csv.QUOTE_ALL).writerow(map(disarm, cells))  # it may be split at ; too
    return line.getvalue()


def _storable(text: str) -> str:
    """Return text that PostgreSQL can store: it knows no NUL."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")
