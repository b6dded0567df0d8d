"""A file that cannot be read ends its job with a sentence, whatever it holds, in bounded memory."""

import gzip
import lzma
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from apps.shop.models import OrderLine
from apps.shop.order_lines.columns import COLUMNS
from apps.transfers import chunks as chunks_module
from apps.transfers import run as run_module
from apps.transfers.reading import unpack
from apps.transfers.reading.bad_file import BadFile
from apps.transfers.reading.formats import refuse_foreign
from tests.shop.lines import as_csv, line
from tests.transfers.steps import handed_in, imported, refused

pytestmark = pytest.mark.django_db

HEADER = ",".join(COLUMNS)
GOOD = as_csv([line()])
FILES = Path(__file__).parent.parent / "data" / "csv"
MEGABYTE = 1 << 20


@contextmanager
def little_memory(most: int = 64 * MEGABYTE) -> Iterator[None]:
    """Fail if the block takes more memory than this."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < most
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("content", "encoding", "sentence"),
    [
        (f"{HEADER}\n", "utf-8", "has column names but no rows"),
        ("\n\n", "utf-8", "The first row is empty."),
        (GOOD.replace("Quantity", "Menge"), "utf-8", "The first row lacks the column Quantity. It names"),
        ("InvoiceNo,\0\n1,2\n", "utf-8", "It names: InvoiceNo, \N{REPLACEMENT CHARACTER}."),
        ("a,b\n1,2\n", "utf-8", "lacks the columns InvoiceNo, StockCode, Description, Quantity"),
        (GOOD.replace("Country", "Country,country"), "utf-8", "names Country more than once"),
        (GOOD.encode("utf-16"), "utf-8", "looks like UTF-16"),
        (GOOD.encode("utf-16-le"), "utf-8", "looks like UTF-16"),
        (GOOD.encode(), "utf-16", "looks like UTF-8. Choose the encoding UTF-8"),
        (GOOD.encode("utf-8-sig"), "cp1252", "looks like UTF-8"),
        (f"{HEADER},{'x' * 40_000}\n", "utf-8", "Row 1: Field 9, line 1: value is too long"),
        (f'{HEADER},"x" y\n', "utf-8", 'line 1: text after the closing quotation mark: "x" y.'),
        (f'"{HEADER}\n{GOOD}', "utf-8", "Row 1: Field 1, line 1: quotation mark is not closed"),
        (f"sep=:\n{GOOD}", "utf-8", "The first line declares the delimiter :. Expected one of: comma"),
        (f"\ufeff{GOOD}".encode("utf-8-sig"), "utf-8", "begins with two byte order marks"),
        (f"\ufeff{GOOD}".encode("utf-16"), "utf-16", "begins with two byte order marks"),
        (GOOD.encode("utf-8-sig").decode("cp1252"), "utf-8", "converted to UTF-8 twice"),
        (GOOD.encode("utf-32"), "utf-8", "The file is UTF-32."),
        (f"{HEADER}\n".encode().replace(b"nvo", b"\0vo"), "utf-8", "begins with binary data"),
        (f"{HEADER}\n{'x' * 3 * MEGABYTE}", "utf-8", "A line is longer than 1,048,576 characters"),
        (f"{HEADER}{',' * 300_000}\n", "utf-8", "The first row has 300,008 columns; at most 1,000"),
        (gzip.compress(b"x" * 400 * MEGABYTE), "utf-8", "A line is longer than"),
        (lzma.compress(b"\n" * 50_000_000), "utf-8", "The first row is empty."),
    ],
)  # fmt: skip
def test_the_sender_is_told_what_is_wrong_with_the_file(
    content: bytes | str, encoding: str, sentence: str
) -> None:
    with little_memory():
        assert sentence in refused(content, encoding=encoding)
    assert not OrderLine.objects.exists()


@pytest.mark.parametrize(
    ("content", "encoding", "sentence"),
    [
        (as_csv([line(), line(Description="£5")]).encode("cp1252"), "utf-8", "not UTF-8: byte 196 (0xA3)"),
        (GOOD.encode("utf-8-sig") + b"\xff", "utf-8", "not UTF-8: byte 185 (0xFF)"),
        (GOOD.encode() + b"\x81", "cp1252", "not Windows-1252: byte 182 (0x81)"),
    ],
)
def test_a_byte_that_does_not_belong_is_told_with_its_row_and_the_rows_before_are_in(
    content: bytes, encoding: str, sentence: str
) -> None:
    told = refused(content, encoding=encoding)
    assert told.startswith("Row 3: ")
    assert sentence in told
    assert OrderLine.objects.count() == 1


@pytest.mark.django_db
def test_a_byte_that_does_not_belong_right_behind_the_mark_is_named() -> None:
    assert "not UTF-8: byte 4 (0xFF)" in refused(b"\xef\xbb\xbf\xff" + GOOD.encode())


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The file is empty."),
        (b"PK\x03\x04rest", "a ZIP archive or an Excel workbook (.xlsx), not CSV."),
        (b"%PDF-1.7", "a PDF document"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook (.xls)"),
        (b"<!DOCTYPE html><html>", "a web page"),
        (b"<table><tr><td>InvoiceNo</td></tr></table>", "a web page"),
        ("<table>".encode("utf-16"), "a web page"),
        (b'\n <style>td {mso-number-format:"\\@"}</style>', "a web page"),
        (b'[\n {"InvoiceNo": 1}]', "a JSON document"),
        (b"MIME-Version: 1.0", "a web archive"),
        (gzip.compress(b"PK\x03\x04rest", mtime=0), "a ZIP archive"),
        (gzip.compress(gzip.compress(GOOD.encode())), "packed twice"),
        (lzma.compress(gzip.compress(GOOD.encode())), "packed twice"),
        (gzip.compress(b"x" * 257 + b"ustar" + b"x" * 300, mtime=0), "a tar archive"),
        (gzip.compress(b"", mtime=0), "The file is empty."),
        (b"\x1f\x8bnot really", "damaged"),
        (b"\xfd7zXZ\x00not really", "damaged"),
        (lzma.compress(b"x")[:20], "ends too early"),
    ],
)
def test_what_is_no_table_is_refused_when_it_is_handed_in(content: bytes, sentence: str) -> None:
    with pytest.raises(BadFile) as told:
        handed_in(content)
    assert sentence in str(told.value)


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress])
def test_a_file_cut_off_on_its_way_keeps_the_rows_before_the_cut(pack: Callable[[bytes], bytes]) -> None:
    rows = [line(Description=f"{n:x}" * 7) for n in range(100_000)]
    packed = pack(as_csv(rows).encode())
    sentence = refused(packed[: len(packed) * 9 // 10])
    assert "ends too early" in sentence
    assert sentence.startswith("Row ")
    kept = OrderLine.objects.count()
    assert 80_000 < kept < 100_000
    assert f"Row {kept + 2:,}:" in sentence or f"Row {kept + 1:,}:" in sentence


def test_a_wrong_check_sum_in_a_gzip_file_is_told() -> None:
    packed = bytearray(gzip.compress(GOOD.encode() * 1))
    packed[-6] ^= 0xFF
    with pytest.raises(BadFile, match="damaged"):
        handed_in(bytes(packed) if len(packed) < 512 else b"")


def test_an_xz_file_that_wants_gigabytes_of_memory_is_refused() -> None:
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 512 * MEGABYTE}]
    packed = lzma.compress(GOOD.encode(), filters=filters)
    with pytest.raises(BadFile, match="needs more than 72 MB of memory"):
        handed_in(packed)


def test_what_unpacks_to_more_than_the_cap_stops_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpack, "UNPACKED_MAX_BYTES", MEGABYTE)
    bomb = gzip.compress(f"{GOOD}".encode() + b"\n" * 100 * MEGABYTE)
    with little_memory():
        assert "unpacks to more than 1,048,576 bytes" in refused(bomb)
    assert OrderLine.objects.count() == 1


def test_a_fault_of_the_file_is_reported_behind_a_mark_that_is_never_closed() -> None:
    text = GOOD + '536365,85123A,"LOST,6\n' + "x\n" * 45
    assert "byte" in refused(text.encode() + b"\xff")
    assert OrderLine.objects.count() == 1


def test_what_unpacks_to_many_times_its_size_stops_there() -> None:
    bomb = lzma.compress(as_csv([line()] * 200_000).encode())
    assert len(bomb) < 4_000
    with little_memory():
        assert "unpacks to more than 200 times its size" in refused(bomb)
    assert OrderLine.objects.count() < 80_000


@pytest.mark.parametrize("blank", ["\n", " \n", ",,,,,,,\n", " , , , , , , , \n"])
def test_blank_rows_without_end_stop_the_import(monkeypatch: pytest.MonkeyPatch, blank: str) -> None:
    monkeypatch.setattr(chunks_module, "MOST_BLANK_ROWS", 20_000)
    assert "More than 20,000 blank rows follow one another" in refused(GOOD + blank * 100_000 + GOOD)
    assert OrderLine.objects.count() == 1


def test_too_many_rejected_rows_stop_the_import(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_module, "MOST_REJECTED", 20)
    text = as_csv([line(), *[line(Quantity="many")] * 30])
    assert "More than 20 rows were rejected up to row 32: the import stopped." in refused(text)
    assert OrderLine.objects.count() == 1


def test_a_million_columns_in_a_row_are_that_rows_fault() -> None:
    done = imported(f"{GOOD}{',x' * 400_000}\n")
    [row] = done.rejected_rows.all()
    assert "400,001 fields where the first row names 8 columns" in row.reason
    assert len(row.fields) == 200


def test_a_row_with_nul_bytes_is_rejected_and_kept_readable() -> None:
    done = imported(as_csv([line(), line(Description="a\0b")]))
    [row] = done.rejected_rows.all()
    assert (row.row, row.fields[2]) == (3, "a\N{REPLACEMENT CHARACTER}b")


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("05-double-bom.csv", "begins with two byte order marks"),
        ("42-html-xls.xls", "is a web page or XML document"),
        ("44-gzip-twice.csv", "is packed twice"),
    ],
)
def test_a_given_file_is_named_for_what_it_is(name: str, sentence: str) -> None:
    try:
        told = refused((FILES / name).read_bytes())
    except BadFile as error:
        told = str(error)
    assert sentence in told


@pytest.mark.parametrize("first", ["ID;Product", "id;price", "ID;P"])
def test_table_whose_first_column_is_an_id_is_no_spreadsheet_of_another_kind(first: str) -> None:
    refuse_foreign(f"{first};{HEADER}\r\n1;x\r\n".encode())
