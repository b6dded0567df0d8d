"""A row that is not CSV is rejected with the place of the mark at fault, and takes no good row with it."""

import csv
import io
from itertools import chain
from pathlib import Path
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.shop.models import OrderLine
from apps.shop.order_lines.columns import COLUMNS
from apps.transfers.models import Import
from apps.transfers.reading.malformed import AFTER, OPEN, STRAY, Malformed
from apps.transfers.reading.records import Records
from apps.transfers.reading.table import Table
from apps.transfers.rejects import as_csv as handed_back
from tests.shop.lines import as_csv
from tests.transfers.steps import imported

FILES = Path(__file__).parent.parent / "data" / "csv"
GOOD = "536365,85123A,WHITE MUG,6,2010-12-01 08:26,2.55,17850,United Kingdom\n"
HEADER = ",".join(COLUMNS) + "\n"
GIVEN: list[tuple[str, list[int], list[tuple[int, str, str]]]] = [
    ("06-sep-line-excel.csv", [2, 3], []),
    ("17-inch-mark-in-quotes-unescaped.csv", [4], [(2, "Description", AFTER), (3, "Description", OPEN)]),
    ("18-backslash-quote-mysql.csv", [3], [(2, "Description", AFTER)]),
    ("23-blank-and-spaces-rows.csv", [3, 6], []),
    ("52-lost-quote-in-pairs.csv", [2, 4, 6], [(3, "Description", OPEN), (5, "Description", STRAY)]),
    (
        "59-zero-width-in-number.csv",
        [],
        [
            (2, "Quantity", "Quantity is not a whole number"),
            (3, "InvoiceNo", "InvoiceNo is not an invoice number"),
            (4, "CustomerID", "CustomerID is not a customer number"),
        ],
    ),
    ("62-tab-with-quotes-in-text.csv", [3], [(2, "Description", AFTER)]),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("name", "good", "rejected"), GIVEN, ids=[name for name, *_ in GIVEN])
def test_a_given_file_goes_in_but_for_the_rows_named(
    name: str, good: list[int], rejected: list[tuple[int, str, str]]
) -> None:
    done = imported((FILES / name).read_bytes())
    assert found(done) == rejected
    assert OrderLine.objects.count() == done.created == len(good)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        ('1,85123A,"22" LAMP",6,', "Description", 'after the closing quotation mark: "22" LAMP".'),
        ('"1" ,85123A,MUG,6,', "InvoiceNo", 'after the closing quotation mark: "1" .'),
        ("1,85123A,\"it\"'s\",6,", "Description", "after the closing quotation mark: \"it\"'s\"."),
        ('1,85123A,"the \\"best\\" mug",6,', "Description", "A backslash before it does not count."),
        ('1,85123A,"a ""b"" c"d,6,', "Description", "Description, line 3: text after the closing"),
        ('1,85123A,"LAMP 22"",6,', "Description", 'quotation mark is not closed: "LAMP 22"".'),
        ('1,85123A,"MUG,6,', "Description", "quotation mark is not closed"),
        ('1,"85123A,MUG,6,', "StockCode", "StockCode, line 3: quotation mark is not closed"),
        (f"1,85123A,{'x' * 40_000},6,", "Description", "Description, line 3: value is too long"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("behind", [0, 1, 50])
def test_a_malformed_row_is_rejected_with_its_place_and_the_others_go_in(
    row: str, column: str, reason: str, ending: str, behind: int
) -> None:
    text = HEADER + GOOD + row + "2010-12-01 08:26,2.55,17850,United Kingdom\n" + GOOD * behind
    done = imported(text.replace("\n", ending))
    [rejected] = done.rejected_rows.all()
    assert (rejected.row, rejected.column) == (3, column)
    assert reason in rejected.reason
    assert done.created == 1 + behind


@pytest.mark.django_db
def test_a_malformed_row_comes_back_as_it_stands_and_goes_in_once_mended() -> None:
    done = imported(f'{HEADER}1,85123A,"22" LAMP",6,2010-12-01 08:26,2.55,17850,United Kingdom\n')
    [_, row] = csv.reader(io.StringIO("".join(handed_back(done))))
    assert row[2] == '"22" LAMP"'
    imported(as_csv([[*row[:2], '22" LAMP', *row[3:8]]]))
    assert OrderLine.objects.get().description == '22" LAMP'


def test_a_field_of_several_lines_stays_whole_where_it_is_well_written() -> None:
    text = 'One,Two,Note\n1,2,"a\nb ""c""\nd"\n"x\ny",2,3\n5,6,7\n'
    assert rows_of(text) == [
        (2, ["1", "2", 'a\nb "c"\nd']),
        (3, ["x\ny", "2", "3"]),
        (4, ["5", "6", "7"]),
    ]


def test_a_lost_mark_gives_up_the_lines_before_the_next_whole_row_only() -> None:
    text = 'One,Two,Note\n1,2,"lost\nmore of it\n4,5,6\n7,8,"ok"\n9,"q"r,1\n'
    [lost, *rest] = rows_of(text)
    assert isinstance(lost[1], Malformed)
    assert lost[1].reason("Note") == (
        'Note, line 2: quotation mark is not closed: "lost\nmore of it. '
        'Close the value with a quotation mark; write one that belongs to it twice: "22"" LAMP".'
    )
    assert rest[:2] == [(3, ["4", "5", "6"]), (4, ["7", "8", "ok"])]
    assert [type(fields) for _, fields in rest[2:]] == [Malformed]


CELL = st.text(alphabet='",\n\r ax', max_size=5)


@given(
    before=st.lists(st.tuples(CELL, CELL, CELL), max_size=5),
    middle=st.text(alphabet='",\n\r ax', max_size=60),
)
def test_rows_before_what_is_malformed_are_read_as_they_were_written(
    before: list[tuple[str, str, str]], middle: str
) -> None:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(before)
    assert [tuple(fields) for _, fields in rows_of(f"X,Y,Z\n{out.getvalue()}{middle}")][
        : len(before)
    ] == before


@given(st.text(alphabet='",\n ax', max_size=200))
def test_a_value_is_never_changed_in_silence(text: str) -> None:
    """What is read without complaint is what a strict reader reads; each complaint names a field."""
    rows = rows_of(f"X,Y,Z\n{text}")
    for _, fields in rows:
        if isinstance(fields, Malformed):
            assert fields.at < len(fields)
            assert fields.reason("X").startswith("X, line ")
    if not any(isinstance(fields, Malformed) for _, fields in rows):
        assert [fields for _, fields in rows] == list(csv.reader(io.StringIO(text, newline=""), strict=True))


WELL_WRITTEN = ["1,2,3\n", "\n", "a,b\n", '"a""b",c,d\r\n', '"a\nb",c,d\n']
MALFORMED = ['a,"b,c\n', 'a",b,c\n', 'a,"b"x,c\n', '"\n', 'x"y\r']
LINE = st.sampled_from([*WELL_WRITTEN, *MALFORMED])
LINES = st.lists(
    st.one_of(LINE, CELL, st.integers(1, 60).map(lambda short: 'a,"lost\n' + "a,b\n" * short)), max_size=30
).map("".join)


@given(text=LINES, before=st.integers(0, 450))
def test_rows_before_a_lost_mark_do_not_change_what_is_read_behind_them(text: str, before: int) -> None:
    def read(rows_before: int) -> list[tuple[list[str], str, int]]:
        rows = rows_of("X,Y,Z\n" + "1,2,3\n" * rows_before + text)[rows_before:]
        return [(list(row), *_fault(row, rows_before)) for _, row in rows]

    assert read(before) == read(0)


def _fault(row: list[str], lines_before: int) -> tuple[str, int]:
    return (row.cause, row._line - lines_before) if isinstance(row, Malformed) else ("", 0)


class _OneByOne(Records):
    def _one_a_line(self, lines: list[str]) -> list[list[str]]:
        return []


@given(LINES, st.integers(0, 450), st.lists(LINE, max_size=10), st.integers(0, 250))
def test_lines_parsed_at_once_are_read_as_one_by_one(
    text: str, before: int, more: list[str], between: int
) -> None:
    text = "1,2,3\n" * before + text + "\n" + "4,5,6\n" * between + "".join(more)

    def read(how: type[Records]) -> list[tuple[list[str], str, int]]:
        records = how(iter(io.StringIO(text, newline="")), delimiter=",")
        records.expect(3, one_line=[0])
        found = chain.from_iterable(records.batches())
        return [(list(row), *_fault(row, 0)) for row in found]

    assert read(Records) == read(_OneByOne)


@pytest.mark.parametrize(
    "lines", ['x",y,"z\n', 'a,b,c"",d\n', '"\n', '",\n"a,b,c\n', '"""\n1,2,3\n', '"a""\n', ',"",\n']
)
def test_lost_marks_without_end_cost_time_in_proportion_to_the_file(lines: str) -> None:
    def took(times: int) -> float:
        began = process_time()
        rows_of("X,Y,Z\n" + lines * times)
        return process_time() - began

    took(1_000)
    assert took(40_000) < 50 * max(took(4_000), 0.05)


def rows_of(text: str) -> list[tuple[int, list[str]]]:
    """Read a table of any columns; the first is wanted."""
    source = io.BytesIO(text.encode())
    return list(Table(source, [text.partition(",")[0]], encoding="utf-8").rows)


def found(done: Import) -> list[tuple[int, str, str]]:
    """Return row, column and cause of the rejected rows."""
    return list(done.rejected_rows.order_by("row").values_list("row", "column", "cause"))
