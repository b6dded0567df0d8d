"""Reads the rows of a CSV file one by one, with the row numbers a spreadsheet shows."""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final

from apps.transfers.reading.bad_file import BadFile
from apps.transfers.reading.decode import ByteSource, lines
from apps.transfers.reading.header import Header, declared_delimiter, delimiter_of, find_columns
from apps.transfers.reading.malformed import Malformed
from apps.transfers.reading.records import Records

HEADER_ROW: Final = 1


class Table:
    """A file's header and rows. Iterate ``rows`` once."""

    def __init__(
        self, source: ByteSource, wanted: Sequence[str], *, encoding: str, one_line: bool = False
    ) -> None:
        """Read the header; refuse a file without the wanted columns.

        ``one_line``: a wanted field never holds a line break, so one there hints at a lost quotation mark.
        """
        text = lines(source, encoding)
        first = next(text, "")
        declared = declared_delimiter(first)  # spreadsheets do not count this line
        if declared:
            first = next(text, "")
        if not first.strip():
            raise BadFile("The first row is empty. Expected a row that names the columns.")
        delimiter = declared or delimiter_of(first, wanted)
        records = Records(chain([first], text), delimiter=delimiter, first_line=2 if declared else 1)
        self._batches = records.batches()
        [header] = next(self._batches)
        if isinstance(header, Malformed):
            raise BadFile(header.reason("")).at_row(HEADER_ROW)
        self.header: Header = find_columns(header, wanted, delimiter=delimiter)
        records.expect(len(self.header.columns), one_line=self.header.positions if one_line else ())

    @property
    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield spreadsheet row number and fields, blank rows too (they are rows of a spreadsheet)."""
        return enumerate(chain.from_iterable(self._located()), HEADER_ROW + 1)

    def _located(self) -> Iterator[list[list[str]]]:
        """Yield the records, some at a time; name the row of a fault of the file."""
        row = HEADER_ROW
        try:
            for batch in self._batches:
                yield batch
                row += len(batch)
        except BadFile as error:
            raise error.at_row(row + 1) from error
