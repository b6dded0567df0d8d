"""What a row may say, and what is answered when it says something else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.shop.order_lines.check import check
from apps.shop.order_lines.columns import COLUMNS
from tests.shop import lines
from tests.shop.lines import line


def fault_of(**fields: str) -> tuple[str, str, str]:
    """Return column, cause and reason of a row's fault."""
    good, faults = check([(7, line(**fields))])
    assert not good
    [fault] = faults
    assert fault.row == 7
    return fault.column, fault.cause, fault.reason


def test_every_real_row_of_the_sample_is_good() -> None:
    good, faults = check(enumerate(lines.sample(), 2))
    assert (len(good), faults) == (2992, [])


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"Quantity": "6,O"}, 'Quantity "6,O" is not a whole number. Expected digits such as 6.'),
        ({"Quantity": ""}, "Quantity is empty. Expected digits such as 6."),
        ({"Quantity": "0"}, 'Quantity "0" is zero. Expected a number other than 0.'),
        ({"Quantity": "1.5"}, 'Quantity "1.5" is not a whole number.'),
        ({"Quantity": "9" * 10}, "is not a whole number"),
        ({"Quantity": "٣"}, 'Quantity "٣" is not a whole number.'),  # another script's digit
        ({"InvoiceNo": "X1"}, 'InvoiceNo "X1" is not an invoice number.'),
        ({"InvoiceNo": "c536379"}, "is not an invoice number"),
        ({"StockCode": ""}, "StockCode is empty."),
        ({"StockCode": "8512é"}, "is not a stock code"),
        ({"StockCode": "1" * 21}, "is not a stock code"),
        ({"InvoiceDate": "01/12/2010 08:26"}, "Expected YYYY-MM-DD HH:MM such as 2010-12-01 08:26."),
        ({"InvoiceDate": "2010-12-01"}, "is not a date and time"),
        ({"InvoiceDate": "2010-02-30 08:26"}, "is not in the calendar"),
        ({"InvoiceDate": "2010-12-01 24:00"}, "is not in the calendar"),
        ({"InvoiceDate": "1999-12-31 23:59"}, "is out of range. Expected a time from 2000 until now."),
        ({"InvoiceDate": "2999-01-01 00:00"}, "is out of range"),
        ({"UnitPrice": "2,55"}, "Expected digits with a point and at most 4 decimals such as 2.55."),
        ({"UnitPrice": "1e3"}, "is not a price"),
        ({"UnitPrice": "NaN"}, "is not a price"),
        ({"UnitPrice": "0.00001"}, "is not a price"),
        ({"UnitPrice": "123456789"}, "is not a price"),
        ({"UnitPrice": "-1"}, "only an adjustment"),
        ({"CustomerID": "17850.5"}, "is not a customer number"),
        ({"CustomerID": "0"}, "or nothing for a guest"),
        ({"Country": " "}, "Country is empty."),
        ({"Country": "x" * 61}, "is not a country's name"),
        ({"Description": "two\nlines"}, "Description contains a line break, character 4."),
        ({"Description": "a\0b"}, "Description contains a NUL character, character 2."),
        ({"Description": "x" * 256}, "Description is 256 characters long. Expected at most 255"),
        ({"InvoiceNo": "C536379"}, "Quantity 6 of a cancellation (InvoiceNo C536379) is positive."),
        ({"Quantity": "-6"}, "goods that come back are a cancellation"),
    ],
)
def test_a_value_that_does_not_fit_is_named_with_what_was_expected(
    fields: dict[str, str], reason: str
) -> None:
    column, cause, told = fault_of(**fields)
    assert reason in told
    assert cause.startswith(column)


def test_all_faults_of_a_row_are_told_at_once() -> None:
    _, _, reason = fault_of(Quantity="x", UnitPrice="y", Country="")
    assert [name for name in COLUMNS if f"{name} " in reason] == ["Quantity", "UnitPrice", "Country"]


@pytest.mark.parametrize(
    "fields",
    [
        {"CustomerID": ""},  # a guest
        {"CustomerID": "17850"},
        {"InvoiceDate": "2010-12-01T08:26"},
        {"InvoiceNo": "C536379", "Quantity": "-1"},
        {"InvoiceNo": "A563186", "StockCode": "B", "UnitPrice": "-11062.06"},
        {"Quantity": "-10", "UnitPrice": "0.0", "Description": "damaged"},  # written off
        {"Description": ""},
        {"Description": "£ ¬ 漢字 \\N \\. ' \" ; -- DROP TABLE"},
        {"StockCode": "BANK CHARGES"},
        {"StockCode": "gift_0001_20"},
    ],
)
def test_what_a_shop_meets_is_data(fields: dict[str, str]) -> None:
    good, faults = check([(2, line(**fields))])
    assert (len(good), faults) == (1, [])


@given(st.lists(st.tuples(*[st.text(max_size=12)] * len(COLUMNS)), max_size=5))
def test_whatever_a_row_says_it_is_one_line_for_copy_or_one_fault(rows: list[tuple[str, ...]]) -> None:
    good, faults = check(enumerate(rows, 2))
    assert len(good) + len(faults) == len(rows)
    assert all(text.count("\n") == 1 and text.count("\t") == 12 for text in good)
    assert all(fault.reason.isprintable() or "\n" not in fault.reason for fault in faults)


@given(st.text(max_size=300))
def test_a_description_never_breaks_out_of_its_column(text: str) -> None:
    good, faults = check([(2, line(Description=text))])
    assert all(line.count("\t") == 12 and line.count("\n") == 1 for line in good)
    assert len(good) + len(faults) == 1
