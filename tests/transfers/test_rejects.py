"""What is kept and handed back of rejected rows."""

import csv
import io
import re
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.shop.order_lines.columns import COLUMNS
from apps.transfers import formulas
from apps.transfers.formulas import disarm, rearm
from apps.transfers.rejects import as_csv as handed_back
from apps.transfers.rejects import causes
from tests.shop import lines
from tests.shop.lines import as_csv, line
from tests.transfers.steps import imported

_TRICKY = "'=+-@\t\r5 a\uff1d\u200b\n.;|,\""


@given(st.text(alphabet=_TRICKY, max_size=9))
def test_what_is_done_to_a_cell_can_be_undone(cell: str) -> None:
    assert rearm(disarm(cell)) == cell


@given(st.text(alphabet=_TRICKY, max_size=9))
def test_a_cell_that_is_seen_to_be_harmless_is_one(cell: str) -> None:
    with mock.patch.object(formulas, "_HARMLESS", re.compile("(?!)")):
        expected = disarm(cell), rearm(cell)
    assert (disarm(cell), rearm(cell)) == expected


@given(st.lists(st.text(alphabet=_TRICKY, max_size=9), min_size=2, max_size=3), st.sampled_from(";|\t"))
def test_no_cell_is_a_formula_whatever_the_reader_splits_at(cells: list[str], separator: str) -> None:
    file = io.StringIO()
    csv.writer(file, quoting=csv.QUOTE_ALL).writerow(map(disarm, cells))
    heeding_quotes = list(csv.reader(io.StringIO(file.getvalue(), None), delimiter=separator))
    plain = [re.split(f"[{separator}\r\n]", file.getvalue())]
    for row in heeding_quotes + plain:
        assert not [cell for cell in row if _is_formula(cell)]


@pytest.mark.parametrize("sign", "=+-@\uff1d")
@pytest.mark.parametrize("separator", [";", "|", "\t", "; ", ";\u200b", ';"', "\n", "\r\n", "||", ";'"])
def test_a_formula_behind_another_separator_is_disarmed(separator: str, sign: str) -> None:
    cell = f"name{separator}{sign}1+1"
    assert not [part for part in re.split(r"[;|\t\r\n]", disarm(cell)) if _is_formula(part)]
    assert rearm(disarm(cell)) == cell


def _is_formula(cell: str) -> bool:
    """Read a cell as spreadsheets do: without quotes and blanks before it; a number is no formula."""
    bare = cell.lstrip('" \u200b')
    return bool(re.match("[=+@\uff1d-]", bare)) and not re.match(r"[+-]5[\d.,]*[\s\"]*($|[;|,])", bare)


@pytest.mark.parametrize("cell", ["a;-6", "a|+7 |b", "a;b=c", "1;2", "a, -b", "a;-1.5e-05", "key: -value"])
def test_numbers_and_plain_text_behind_a_separator_stay(cell: str) -> None:
    assert disarm(cell) == cell


@pytest.mark.parametrize("cell", [
    "=1+1", "+1 a", "-1+2", "@SUM(A1)", "\tx", "\rx", "'=1", "\uff1d1+1", "\uff0b1", "\uff20x", "\u22121+1",
    "\u200b=1", " =1", "\xa0 +x", "\ufeff-x", " '\u2060\uff1d1", "\nx", "'-6", "=a;b",
])  # fmt: skip
def test_a_formula_is_disarmed(cell: str) -> None:
    assert disarm(cell) == f"'{cell}"


@pytest.mark.parametrize(
    "cell",
    [
        "-6",
        "-2.55",
        "+7",
        " -6",
        "-6 ",
        "-1,234.5",
        "-1.5e-05",
        "\u200b6",
        "6 - 5",
        "536365",
        "",
        "a=b",
        "'quoted",
    ],
)
def test_a_number_and_plain_text_stay_as_they_are(cell: str) -> None:
    assert disarm(cell) == cell


@pytest.mark.django_db
def test_causes_come_with_their_number_and_first_rows() -> None:
    done = imported(as_csv([line(), *[line(Quantity="x")] * 7, line(Country=""), line(Quantity="0")]))
    assert [(cause.cause, cause.rows, [row.row for row in cause.examples]) for cause in causes(done)] == [
        ("Quantity is not a whole number", 7, [3, 4, 5, 6, 7]),
        ("Country is empty", 1, [10]),
        ("Quantity is zero", 1, [11]),
    ]


@pytest.mark.django_db
def test_the_file_handed_back_has_the_rows_as_they_were_with_number_and_reason() -> None:
    bad = line(Description="=HYPERLINK(1)", Quantity="-6")
    done = imported(as_csv([bad]))
    [header, row] = csv.reader(io.StringIO("".join(handed_back(done))))
    assert header == [*COLUMNS, "_row", "_error"]
    assert row[2:4] == ["'=HYPERLINK(1)", "-6"]
    assert row[8] == "2"
    assert row[9].startswith("Quantity -6 of a sale at price 2.5500 is negative.")


@pytest.mark.django_db
def test_a_disarmed_cell_goes_in_as_it_was_when_the_file_comes_back() -> None:
    description = "=HYPERLINK(1);=A1|@x"
    done = imported(as_csv([line(Description=description, Quantity="x")]))
    imported("".join(handed_back(done)).replace(',"x",', ',"6",'))
    assert lines.in_the_shop().total() == 1
    assert next(iter(lines.in_the_shop()))[2] == description
