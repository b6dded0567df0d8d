"""Cuts a table into chunks of checked rows."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from operator import itemgetter
from typing import Final

from apps.transfers.formulas import rearm
from apps.transfers.importer import Fault, Importer
from apps.transfers.reading.bad_file import BadFile
from apps.transfers.reading.malformed import Malformed
from apps.transfers.reading.table import HEADER_ROW, Table
from apps.transfers.rejects import ADDED_COLUMNS

MOST_BLANK_ROWS: Final = 1_048_576  # one after the other; a spreadsheet has no more


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
    blank = 0
    while not broken:
        records, broken = _take(rows, size)
        if not records:
            break
        if mended:
            records = [(row, _rearmed(fields)) for row, fields in records]
        good, faults = _sort(records, table.header.columns)
        blank = blank + len(records) if not good and not faults else 0
        if blank >= MOST_BLANK_ROWS:
            broken = broken or BadFile(
                f"More than {MOST_BLANK_ROWS:,} blank rows follow one another up to row {records[-1][0]:,}: "
                "the import stopped. Remove them and upload the file again."
            )
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


def _rearmed(fields: list[str]) -> list[str]:
    return fields if isinstance(fields, Malformed) else [rearm(field) for field in fields]


def _sort(
    records: list[tuple[int, list[str]]], columns: Sequence[str]
) -> tuple[list[tuple[int, list[str]]], list[Fault]]:
    """Leave out blank rows, rows that are not CSV, and rows that do not have a field for each column."""
    width = len(columns)
    good: list[tuple[int, list[str]]] = []
    faults: list[Fault] = []
    for record in records:
        row, fields = record
        if isinstance(fields, Malformed):
            faults.append(_malformed(row, fields, columns))
        elif not fields or (not fields[0].strip() and not any(map(str.strip, fields))):
            continue
        elif len(fields) == width or (len(fields) > width and not any(fields[width:])):
            good.append(record)
        else:
            faults.append((row, "", "Number of fields", _odd_width(len(fields), width)))
    return good, faults


def _malformed(row: int, fields: Malformed, columns: Sequence[str]) -> Fault:
    column = columns[fields.at] if fields.at < len(columns) else ""
    return (row, column, fields.cause, fields.reason(column))


def _odd_width(found: int, width: int) -> str:
    return (
        f"The row has {found:,} {'field' if found == 1 else 'fields'} where the first row names "
        f"{width:,} columns. Put a value that holds a delimiter between quotation marks."
    )
