"""Cut lines of text into CSV records, strictly; find the next whole row behind a lost quotation mark."""

import csv
from collections.abc import Collection, Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING, Final

from apps.transfers.reading.bad_file import BadFile
from apps.transfers.reading.malformed import OPEN, STRAY, Malformed, has_stray_mark

if TYPE_CHECKING:
    from _csv import Reader

LONGEST_FIELD: Final = 32_767  # characters, as in a spreadsheet's cell; a missing closing quote ends here
LONGEST_RECORD: Final = 20  # lines; a longer one swallowed the rows behind a lost quotation mark
_PIECE: Final = LONGEST_RECORD  # lines the reader gets before the length of the record in hand is checked
_RUN: Final = 10 * _PIECE  # lines parsed at once while each is a whole record
_LONGEST_WAIT: Final = 64  # pieces

csv.field_size_limit(
    LONGEST_FIELD
)  # process-wide; Python's own 131,072 would let a lost quote eat 4 times more


class _RunsOn(Exception):  # noqa: N818  # never leaves this module
    """The record in hand has more lines than a record may have."""


class Records:
    """The records of a file. Iterate once; call ``expect`` between the header and the rows.

    A record that no quotation mark closes in time is given up: reading goes on at the first of its lines
    that is a whole row by itself.
    """

    def __init__(self, lines: Iterator[str], *, delimiter: str, first_line: int = 1) -> None:
        """Number the lines from ``first_line`` on."""
        self._lines = lines
        self._delimiter = delimiter
        self._width = 0
        self._one_line: Collection[int] = ()
        self._first_line = first_line  # number of the reader's first line
        self._began = 0  # lines before the record in hand, as the reader counts
        self._held: list[str] = []  # the lines from the record in hand on, at least
        self._held_from = 0  # lines before them
        self._back: list[str] = []  # lines to read once more
        self._fault: BadFile | None = None  # what ends the lines
        self._usual = 1  # a record of more lines is examined; 0: every record is
        self._gave_up_at = 0  # number of the last line of the record that was given up
        self._wait = 1  # pieces to read record by record after the next run in vain
        self._pieces_left = 0  # of them
        self._reader = self._new_reader()

    def expect(self, width: int, *, one_line: Collection[int]) -> None:
        """Set how many fields a whole row has, and the columns in which a line break is doubtful."""
        self._width, self._one_line = width, one_line

    def batches(self) -> Iterator[list[list[str]]]:
        """Yield the header, then records, some at a time; a Malformed for one that cannot be read."""
        while lines := self._next_lines(_RUN if self._width else 1):
            if records := self._one_a_line(lines):
                self._first_line += len(lines)
                self._wait = 1
                yield records
                continue
            self._back[:0] = lines
            self._pieces_left, self._wait = self._wait, min(2 * self._wait, _LONGEST_WAIT)
            self._begin_at(self._first_line)
            yield from self._one_by_one()
            self._first_line += self._began

    def _one_a_line(self, lines: list[str]) -> list[list[str]]:
        """Return the records of lines of which each is a whole record; none if one of them is not."""
        try:
            records = list(csv.reader(lines, delimiter=self._delimiter, strict=True))
        except csv.Error:
            return []
        return records if len(records) == len(lines) else []

    def _one_by_one(self) -> Iterator[list[list[str]]]:
        """Yield each record alone, until a run of lines may be tried or none is left."""
        while not self._may_run:
            reader = self._reader
            try:
                for record in reader:
                    if reader.line_num - self._began > self._usual:
                        record = self._examined(record)  # noqa: PLW2901  # rarely
                        if self._reader is not reader:
                            yield [record]
                            break
                    self._began = reader.line_num
                    yield [record]
                else:
                    return
            except csv.Error:
                yield [self._refused()]
            except _RunsOn:
                yield [self._given_up(self._in_hand())]

    @property
    def _may_run(self) -> bool:
        is_between = self._began - self._held_from == len(self._held)
        return self._pieces_left <= 0 and self._usual == 1 and is_between

    def _begin_at(self, number: int) -> None:
        """Let a new reader begin at the line of this number."""
        self._first_line = number
        self._held, self._held_from, self._began = [], 0, 0
        self._reader = self._new_reader()

    def _new_reader(self) -> "Reader":
        return csv.reader(chain.from_iterable(self._pieces()), delimiter=self._delimiter, strict=True)

    def _pieces(self) -> Iterator[list[str]]:
        """Yield lines, a few at a time, and hold those of the record in hand."""
        while not self._may_run:
            before = self._held[self._began - self._held_from :]
            if len(before) > LONGEST_RECORD:
                raise _RunsOn
            piece = self._next_lines(_PIECE)
            if not piece:
                return
            self._pieces_left -= 1
            self._held, self._held_from = before + piece, self._began
            yield piece

    def _next_lines(self, most: int) -> list[str]:
        """Return the next lines; raise a fault of the file only when those before it were returned."""
        piece, self._back = self._back[:most], self._back[most:]
        if piece:
            return piece
        if self._fault is None:
            try:
                piece.extend(islice(self._lines, most))  # keeps what it took
            except BadFile as fault:
                self._fault = fault
        if self._fault is not None and not piece:
            raise self._fault
        return piece

    def _in_hand(self) -> list[str]:
        """Return the lines that the reader took since the last whole record."""
        return self._held[self._began - self._held_from : self._reader.line_num - self._held_from]

    def _examined(self, record: list[str]) -> list[str]:
        """Return a record, or what it is given up for."""
        lines = self._in_hand()
        if len(lines) > 1:
            is_lost = self._is_doubtful(record) and self._next_whole(lines) < len(lines)
            return self._given_up(lines) if is_lost or len(lines) > LONGEST_RECORD else record
        number = self._first_line + self._began
        if number >= self._gave_up_at:
            self._usual = 1
        if number == self._gave_up_at and has_stray_mark(lines[0], self._delimiter):
            return Malformed.of(lines[0], self._delimiter, line=number, causes=(STRAY,))
        return record

    def _is_doubtful(self, record: list[str]) -> bool:
        """Say whether a record of several lines may hold rows: it has an odd width or an odd line break."""
        if len(record) != self._width:
            return True
        return any("\n" in record[at] or "\r" in record[at] for at in self._one_line)

    def _refused(self) -> Malformed:
        """Return why the lines in hand are no record, and go on behind them."""
        lines = self._in_hand()
        if len(lines) > 1:
            return self._given_up(lines)
        number = self._first_line + self._began
        self._began = self._reader.line_num
        return Malformed.of("".join(lines), self._delimiter, line=number)

    def _given_up(self, lines: list[str]) -> Malformed:
        """Return the lines before the next whole row as one malformed record, and read on from there.

        Of a record without an end only its first lines count, however many the reader took.
        """
        has_end = len(lines) <= LONGEST_RECORD
        lines = lines[: LONGEST_RECORD + 1]
        at = self._next_whole(lines)
        number = self._first_line + self._began
        self._back = self._held[self._began - self._held_from + at :] + self._back
        self._gave_up_at, self._usual = (number + len(lines) - 1, 0) if has_end else (0, 1)
        self._begin_at(number + at)
        return Malformed.of("".join(lines[:at]), self._delimiter, line=number, otherwise=OPEN)

    def _next_whole(self, lines: list[str]) -> int:
        """Return the index of the first line that is a whole row, not counting line 0; else their number."""
        return next((at for at in range(1, len(lines)) if self._is_whole(lines[at])), len(lines))

    def _is_whole(self, line: str) -> bool:
        if self._width < 2:
            return False
        try:
            return [len(row) for row in csv.reader([line], delimiter=self._delimiter, strict=True)] == [
                self._width
            ]
        except csv.Error:
            return False
