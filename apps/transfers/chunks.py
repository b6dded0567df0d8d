"""Cuts a table into chunks of checked rows."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from operator import itemgetter

from apps.transfers.formulas import rearm
from apps.transfers.importer import Fault, Importer
from apps.transfers.reading.bad_file import BadFile
from apps.transfers.reading.table import HEADER_ROW, Table
from apps.transfers.rejects import ADDED_COLUMNS


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive rows of a file, checked."""

    last_row: int
    records: list[tuple[int, list[str]]]  # all of them, blank ones too
    staged: list[str]
    faults: list[Fault]
    position: int  # bytes of the file on disk taken so far

    def fields_of(self, row: int) -> list[str]:
        """Return a row as it stood in the file."""
        return self.records[row - self.records[0][0]][1]


def chunks(
    table: Table, importer: Importer, *, after_row: int, size: int, position: Callable[[], int]
) -> Iterator[Chunk]:
    """Yield the rows behind ``after_row``, at most ``size`` at a time.

    A fault of the file itself is raised only after the rows before it were given.
    """
    rows = table.rows
    deque(islice(rows, max(after_row - HEADER_ROW, 0)), maxlen=0)
    pick = itemgetter(*table.header.positions)
    mended = table.header.columns[-len(ADDED_COLUMNS) :] == ADDED_COLUMNS  # it was handed back by us
    broken: BadFile | None = None
    while not broken:
        records, broken = _take(rows, size)
        if not records:
            break
        if mended:
            records = [(row, [rearm(field) for field in fields]) for row, fields in records]
        good, faults = _sort_by_width(records, len(table.header.columns))
        staged, found = importer.check((row, pick(fields)) for row, fields in good)
        yield Chunk(records[-1][0], records, staged, [*faults, *found], position())
    if broken:
        raise broken


def _take(
    rows: Iterator[tuple[int, list[str]]], size: int
) -> tuple[list[tuple[int, list[str]]], BadFile | None]:
    taken: list[tuple[int, list[str]]] = []
    try:
        for row in islice(rows, size):
            taken.append(row)  # noqa: PERF402  # what came before a fault counts
    except BadFile as error:
        return taken, error
    return taken, None


def _sort_by_width(
    records: list[tuple[int, list[str]]], width: int
) -> tuple[list[tuple[int, list[str]]], list[Fault]]:
    """Leave out blank rows, and rows that do not have a field for each column."""
    good: list[tuple[int, list[str]]] = []
    faults: list[Fault] = []
    for row, fields in records:
        if not any(fields):
            continue
        if len(fields) == width or (len(fields) > width and not any(fields[width:])):
            good.append((row, fields))
        else:
            faults.append((row, "", "Number of fields", _odd_width(len(fields), width)))
    return good, faults


def _odd_width(found: int, width: int) -> str:
    return (
        f"The row has {found:,} {'field' if found == 1 else 'fields'} where the first row names "
        f"{width:,} columns. Put a value that holds a delimiter between quotation marks."
    )
