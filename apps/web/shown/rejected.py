"""The rows of a file that were not taken: grouped by cause, a page at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlencode

from django.db.models import Count, Min

from apps.transfers.models import Import, RejectedRow
from apps.web.shown.numbers import whole_number

PAGE = 10
_MOST_COLUMNS = 5
_MOST_CAUSES = 12


class Fault(NamedTuple):
    """What a group of rejected rows has in common."""

    column: str
    cause: str


_ANY = Fault("", "")


@dataclass(frozen=True, slots=True)
class Cause:
    """One filter: a fault and how many rows have it."""

    words: str
    rows: int
    href: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Cell:
    """One field of a rejected row."""

    column: str
    text: str
    is_bad: bool


@dataclass(frozen=True, slots=True)
class ShownRow:
    """One rejected row."""

    row: int
    cells: Sequence[Cell]
    column: str
    reason: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """What the section shows."""

    total: int
    causes: Sequence[Cause]
    columns: Sequence[str]
    rows: Sequence[ShownRow]
    chosen: int  # how many rows the filter leaves
    later: str  # the address of the next page, empty at the end
    first: str  # the address of the first page
    is_later: bool
    shows_rows: bool


def rejected(run: Import, query: Mapping[str, str], *, shows_rows: bool) -> Rejected:
    """Load one page of the rejected rows of an import."""
    counted = _counted(run)
    asked = Fault(query.get("column", ""), query.get("cause", ""))
    fault = asked if asked in counted else _ANY
    after = whole_number(query.get("after", ""))
    rows = RejectedRow.objects.filter(import_run=run, row__gt=after).order_by("row")
    if fault.cause:
        rows = rows.filter(column=fault.column, cause=fault.cause)
    found = list(rows[: PAGE + 1]) if shows_rows else []
    page = found[:PAGE]
    columns = _columns(run.columns, page)
    return Rejected(
        total=run.rejected,
        causes=_chips(counted, fault, run.rejected),
        columns=[run.columns[number] for number in columns],
        rows=[_shown(row, run.columns, columns) for row in page],
        chosen=counted[fault] if fault.cause else run.rejected,
        later=_address(fault, page[-1].row) if len(found) > PAGE else "",
        first=_address(fault, 0),
        is_later=after > 0,
        shows_rows=shows_rows,
    )


def _counted(run: Import) -> dict[Fault, int]:
    """Count the rows of each fault, the most frequent first."""
    groups = run.rejected_rows.order_by().values_list("column", "cause")
    counted = groups.annotate(rows=Count("pk"), first=Min("row")).order_by("-rows", "first")
    return {Fault(column, cause): rows for column, cause, rows, _ in counted}


def _chips(counted: Mapping[Fault, int], chosen: Fault, total: int) -> list[Cause]:
    every = Cause("all", total, _address(_ANY, 0), is_chosen=not chosen.cause)
    return [every] + [
        Cause(fault.cause, rows, _address(fault, 0), is_chosen=fault == chosen)
        for fault, rows in list(counted.items())[:_MOST_CAUSES]
    ]


def _address(fault: Fault, after: int) -> str:
    asked = {"column": fault.column, "cause": fault.cause} if fault.cause else {}
    asked |= {"after": str(after)} if after else {}
    return f"?{urlencode(asked)}#h-rejected" if asked else "?#h-rejected"


def _columns(names: Sequence[str], page: Sequence[RejectedRow]) -> list[int]:
    """Choose the columns to show: those at fault on this page, then the first ones of the file."""
    at_fault = {row.column for row in page}
    numbers = sorted(range(len(names)), key=lambda number: (names[number] not in at_fault, number))
    return sorted(numbers[:_MOST_COLUMNS])


def _shown(row: RejectedRow, names: Sequence[str], columns: Sequence[int]) -> ShownRow:
    cells = [
        Cell(
            names[number],
            str(row.fields[number]) if number < len(row.fields) else "",
            is_bad=names[number] == row.column,
        )
        for number in columns
    ]
    reason = row.reason.removeprefix(row.column) if row.column else row.reason
    return ShownRow(row.row, cells, row.column, reason)
