"""Reads the rows of a CSV file one by one, with the row numbers a spreadsheet shows."""

import csv
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final

from apps.transfers.reading.bad_file import BadFile
from apps.transfers.reading.decode import ByteSource, lines
from apps.transfers.reading.header import Header, delimiter_of, find_columns

LONGEST_FIELD: Final = 32_767  # characters, as in a spreadsheet's cell; a missing closing quote ends here
LONGEST_RECORD: Final = 20  # lines; a longer one swallowed the rows behind a lost quotation mark
HEADER_ROW: Final = 1

csv.field_size_limit(
    LONGEST_FIELD
)  # process-wide; Python's own 131,072 would let a lost quote eat 4 times more


class Table:
    """A file's header and rows. Iterate ``rows`` once."""

    def __init__(self, source: ByteSource, wanted: Sequence[str], *, encoding: str) -> None:
        """Read the header; refuse a file without the wanted columns."""
        text = lines(source, encoding)
        first = next(text, "")
        if not first.strip():
            raise BadFile("The first row is empty. Expected a row that names the columns.")
        try:
            delimiter = delimiter_of(first, wanted)
            self._records = csv.reader(chain([first], text), delimiter=delimiter)
            self.header: Header = find_columns(next(self._records), wanted, delimiter=delimiter)
        except csv.Error as error:
            raise _unreadable(error).at_row(HEADER_ROW) from error

    @property
    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield spreadsheet row number and fields, blank rows too (they are rows of a spreadsheet)."""
        row, line = HEADER_ROW, self._records.line_num
        try:
            for record in self._records:
                if self._records.line_num - line > LONGEST_RECORD:
                    raise _lost_quote(self._records.line_num - line)
                row, line = row + 1, self._records.line_num
                yield row, record
        except BadFile as error:
            raise error.at_row(row + 1) from error
        except csv.Error as error:
            raise _unreadable(error).at_row(row + 1) from error


def _lost_quote(lines: int) -> BadFile:
    return BadFile(
        f"A field runs on for {lines:,} lines, so a quotation mark is missing. "
        "Correct the row and upload the file again. The rows before it were imported."
    )


def _unreadable(error: csv.Error) -> BadFile:
    if "field larger" in str(error):
        return BadFile(
            f"A field is longer than {LONGEST_FIELD:,} characters. Probably a quotation mark is not closed: "
            "correct the row and upload the file again. The rows before it were imported."
        )
    return BadFile(
        f"The row is not CSV ({error}). Correct it and upload the file again. "
        "The rows before it were imported."
    )
