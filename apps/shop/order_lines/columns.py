"""Reads the values of one order line: one function a column, from the file's text to COPY's text.

They run for every row of files with millions: each is a pure function whose
accepted values are remembered (a refusal is not, so hostile values fill no
memory), and each answers with text as PostgreSQL's COPY takes it.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Final

from apps.lib.invisible import UNSEEN
from apps.shop.models.order import OrderKind
from apps.shop.models.product import ProductKind
from apps.shop.order_lines.fault import Refused

COLUMNS: Final = (
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
)
EARLIEST_YEAR: Final = 2000
LONGEST_DESCRIPTION: Final = 255
LONGEST_COUNTRY: Final = 60
_NULL: Final = r"\N"
_REMEMBERED: Final = 16_384  # values a column; the longest are a description's, about 8 MB in all

_INVOICE: Final = re.compile(r"([CA]?)([0-9]{1,12})")
_INVOICE_KINDS: Final = {"": OrderKind.SALE, "C": OrderKind.CANCELLATION, "A": OrderKind.ADJUSTMENT}
_STOCK_CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _./-]{0,19}")
_GOODS: Final = re.compile(r"[0-9]{5}[A-Z]{0,3}")
_VOUCHER: Final = re.compile(r"GIFT_[0-9]+_[0-9]+")
_CHARGES: Final = frozenset({"POST", "DOT", "C2", "M", "D", "S", "B", "BANK CHARGES", "AMAZONFEE", "CRUK"})
_WHOLE: Final = re.compile(r"(-?[0-9]{1,9})(?:\.0*)?")
_CUSTOMER: Final = re.compile(r"([1-9][0-9]{0,8})(?:\.0*)?")
_PRICE: Final = re.compile(r"-?[0-9]{1,8}(?:\.[0-9]{1,4}0{0,8})?")
_MOMENT: Final = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})[ T]([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_UNSEEN: Final = re.compile(f"[{UNSEEN}]")
_SHOWN: Final = 40


def _remembering(read: Callable[[str], str]) -> Callable[[str], str]:
    return lru_cache(maxsize=_REMEMBERED)(read)


@_remembering
def invoice(text: str) -> str:
    """Return number and kind of the order."""
    match = _INVOICE.fullmatch(text.strip())
    if not match:
        raise _refused(
            "InvoiceNo", text, "is not an invoice number", "digits such as 536365, or C or A and digits"
        )
    return f"{match[0]}\t{_INVOICE_KINDS[match[1]].value}"


@_remembering
def stock_code(text: str) -> str:
    """Return the code as written, the product's code and what kind of thing it is."""
    written = text.strip()
    if not _STOCK_CODE.fullmatch(written):
        raise _refused("StockCode", text, "is not a stock code", "up to 20 letters and digits such as 85123A")
    code = written.upper()
    return f"{written}\t{code}\t{_kind_of(code).value}"


@_remembering
def description(text: str) -> str:
    """Return what the line says, spaces and all; it may be empty."""
    if len(text) > LONGEST_DESCRIPTION:
        raise Refused(
            "Description",
            "is too long",
            f"Description is {len(text):,} characters long. Expected at most {LONGEST_DESCRIPTION}; "
            "perhaps a quotation mark is missing.",
        )
    return _plain("Description", text).replace("\\", "\\\\")


@_remembering
def quantity(text: str) -> str:
    """Return how many; below zero for goods that leave or come back without a sale."""
    match = _WHOLE.fullmatch(text.strip())
    if not match:
        raise _refused("Quantity", text, "is not a whole number", "digits such as 6")
    number = int(match[1])
    if number == 0:
        raise _refused("Quantity", text, "is zero", "a number other than 0")
    return str(number)


@_remembering
def invoice_date(text: str) -> str:
    """Return the moment. The file names no time zone: it is kept as written, as UTC."""
    match = _MOMENT.fullmatch(text.strip())
    if not match:
        raise _refused(
            "InvoiceDate", text, "is not a date and time", "YYYY-MM-DD HH:MM such as 2010-12-01 08:26"
        )
    try:
        moment = datetime(*map(int, match.groups(default="0")), tzinfo=UTC)  # type: ignore[arg-type,misc]  # six ints
    except ValueError:
        raise _refused("InvoiceDate", text, "is not in the calendar", "a day and time that exist") from None
    if not datetime(EARLIEST_YEAR, 1, 1, tzinfo=UTC) <= moment <= datetime.now(UTC) + timedelta(days=1):
        raise _refused("InvoiceDate", text, "is out of range", f"a time from {EARLIEST_YEAR} until now")
    return f"{moment:%Y-%m-%d %H:%M:%S}+00"


@_remembering
def unit_price(text: str) -> str:
    """Return the price of one in pounds."""
    price = text.strip()
    if not _PRICE.fullmatch(price):
        raise _refused(
            "UnitPrice", text, "is not a price", "digits with a point and at most 4 decimals such as 2.55"
        )
    return f"{Decimal(price):.4f}" if Decimal(price) else "0"


@_remembering
def customer(text: str) -> str:
    """Return the customer's number; none for a guest."""
    number = text.strip()
    if not number:
        return _NULL
    match = _CUSTOMER.fullmatch(number)
    if not match:
        raise _refused(
            "CustomerID", text, "is not a customer number", "digits such as 17850, or nothing for a guest"
        )
    return match[1]


@_remembering
def country(text: str) -> str:
    """Return where the order goes."""
    name = text.strip()
    if not name or len(name) > LONGEST_COUNTRY:
        raise _refused("Country", text, "is not a country's name", f"1 to {LONGEST_COUNTRY} characters")
    return _plain("Country", name).replace("\\", "\\\\")


def _kind_of(code: str) -> ProductKind:
    if _GOODS.fullmatch(code):
        return ProductKind.PRODUCT
    if _VOUCHER.fullmatch(code):
        return ProductKind.VOUCHER
    return ProductKind.CHARGE if code in _CHARGES else ProductKind.OTHER


def _plain(column: str, text: str) -> str:
    """Return text without control characters: no line break, tab or NUL belongs into a line of an invoice."""
    found = _CONTROL.search(text)
    if found:
        name = {"\n": "a line break", "\r": "a line break", "\t": "a tab", "\0": "a NUL character"}.get(
            found[0], f"the control character 0x{ord(found[0]):02X}"
        )
        raise Refused(
            column,
            "has a control character",
            f"{column} contains {name}, character {found.start() + 1:,}. Expected one line of plain text.",
        )
    return text


def _refused(column: str, text: str, what: str, expected: str) -> Refused:
    if not text.strip():
        return Refused(column, "is empty", f"{column} is empty. Expected {expected}.")
    shown = _UNSEEN.sub(_named, text[:_SHOWN]) + ("…" if len(text) > _SHOWN else "")
    hint = " Remove the characters that cannot be seen." if _UNSEEN.search(text[:_SHOWN]) else ""
    return Refused(column, what, f'{column} "{shown}" {what}. Expected {expected}.{hint}')


def _named(unseen: re.Match[str]) -> str:
    return f"<U+{ord(unseen[0]):04X}>"
