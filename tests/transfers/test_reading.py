"""Any text that is written as CSV is read back the same, however the bytes are cut."""

import csv
import gzip
import io
import lzma
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.transfers.ahead import ahead
from apps.transfers.reading import decode
from apps.transfers.reading.bad_file import BadFile
from apps.transfers.reading.malformed import OPEN, Malformed
from apps.transfers.reading.records import LONGEST_RECORD
from apps.transfers.reading.table import Table
from apps.transfers.reading.unpack import Unpacked

CELL = st.text(alphabet='ab,;"\n\r \u2028\x85\x0b\x1cé漢😀\0', max_size=8)
ROWS = st.lists(st.tuples(CELL, CELL), max_size=30)


class InPieces:
    """Bytes that come a few at a time, as from a slow disk or a decompressor."""

    def __init__(self, data: bytes, size: int) -> None:
        self.file = io.BytesIO(data)
        self.size = size

    def read(self, size: int, /) -> bytes:
        return self.file.read(min(size, self.size))


@given(rows=ROWS, size=st.integers(4, 9), ending=st.sampled_from(["\n", "\r\n", "\r"]))
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_what_was_written_is_read(encoding: str, rows: list[tuple[str, str]], size: int, ending: str) -> None:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator=ending, quoting=csv.QUOTE_ALL)
    writer.writerow(["One", "Two"])
    writer.writerows(rows)
    table = Table(InPieces(out.getvalue().encode(encoding), size), ["one", "two"], encoding=encoding)
    assert [(row, tuple(fields)) for row, fields in table.rows] == list(enumerate(rows, 2))


@given(st.binary(max_size=400))
@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16"])
def test_any_bytes_are_read_or_refused_with_a_sentence(encoding: str, data: bytes) -> None:
    rows, told = _read_or_refused(b"One,Two\n" + data, encoding)
    assert [row for row, _ in rows] == list(range(2, len(rows) + 2))
    assert told is None or told.endswith(".")


def _read_or_refused(data: bytes, encoding: str) -> tuple[list[tuple[int, list[str]]], str | None]:
    rows: list[tuple[int, list[str]]] = []
    try:
        rows.extend(Table(InPieces(data, 64), ["One", "Two"], encoding=encoding).rows)
    except BadFile as told:
        return rows, str(told)
    return rows, None


def test_a_record_may_have_a_few_lines_but_not_the_rest_of_the_file() -> None:
    def read(lines: int) -> list[tuple[int, list[str]]]:
        text = 'One,Two\n1,"' + "\n".join("x" * lines) + '"\n'
        return list(Table(InPieces(text.encode(), 99), ["One", "Two"], encoding="utf-8").rows)

    assert read(LONGEST_RECORD) == [(2, ["1", "\n".join("x" * LONGEST_RECORD)])]
    [(row, refused)] = read(LONGEST_RECORD + 1)
    assert isinstance(refused, Malformed)
    assert (row, refused.cause, refused.at) == (2, OPEN, 1)


def test_lines_are_cut_at_line_endings_only() -> None:
    text = "a\u2028b\x0bc\r\nd\re\n"
    assert list(decode.lines(InPieces(text.encode(), 5), "utf-8")) == ["a\u2028b\x0bc\r\n", "d\r", "e\n"]


def test_what_is_made_ahead_comes_in_order_with_the_error_in_its_place() -> None:
    def fifty_then_broken() -> Iterator[int]:
        yield from range(50)
        raise BadFile("no more")

    taken: list[int] = []

    def take_all() -> None:
        with ahead(fifty_then_broken()) as ready:
            for item in ready:
                taken.append(item)  # noqa: PERF402  # what came before the error counts

    with pytest.raises(BadFile, match="no more"):
        take_all()
    assert taken == list(range(50))


def test_who_stops_taking_stops_the_making() -> None:
    made: list[int] = []

    def endless() -> Iterator[int]:
        for number in range(10**9):
            made.append(number)
            yield number

    with ahead(endless()) as ready:
        assert [next(ready), next(ready)] == [0, 1]
    assert len(made) <= 3


def test_several_packed_streams_in_one_file_are_one_text(tmp_path: Path) -> None:
    for pack in (lzma.compress, gzip.compress):
        path = tmp_path / pack.__module__
        path.write_bytes(pack(b"One,Two\n1,") + pack(b"") + pack(b"2\n") + b"\0" * 8)
        with Unpacked(path) as source:
            assert list(Table(source, ["One", "Two"], encoding="utf-8").rows) == [(2, ["1", "2"])]
            assert source.position == source.size
