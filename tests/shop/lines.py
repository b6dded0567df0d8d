"""Order lines as files have them, and as the shop gives them back."""

import csv
import io
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from apps.shop.models import OrderLine
from apps.shop.order_lines.columns import COLUMNS

SAMPLE = Path(__file__).parents[1] / "data" / "order-lines-sample.csv"
FAULTY_ROWS = (6, 411, 1023, 1500, 1987, 2345, 2801)

Row = tuple[str, ...]


def sample() -> list[Row]:
    """Return the rows of the sample that are not faulty."""
    return [row for number, row in enumerate(read(SAMPLE.read_text()), 2) if number not in FAULTY_ROWS]


def read(text: str) -> list[Row]:
    """Return the rows of a CSV file without its header."""
    return [tuple(row) for row in csv.reader(io.StringIO(text))][1:]


def as_csv(rows: Iterable[Iterable[str]], *, columns: Iterable[str] = COLUMNS, delimiter: str = ",") -> str:
    """Return a CSV file."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return out.getvalue()


def line(**fields: str) -> Row:
    """Return a good order line, with some fields as given."""
    usual = {
        "InvoiceNo": "536365",
        "StockCode": "85123A",
        "Description": "WHITE HANGING HEART T-LIGHT HOLDER",
        "Quantity": "6",
        "InvoiceDate": "2010-12-01 08:26:00",
        "UnitPrice": "2.55",
        "CustomerID": "17850.0",
        "Country": "United Kingdom",
    }
    return tuple((usual | fields).values())


def in_the_shop() -> Counter[Row]:
    """Return every order line as the file it came from wrote it, rebuilt from the tables."""
    lines = OrderLine.objects.select_related("order__customer", "product")
    return Counter(_written(line) for line in lines.iterator())


def _written(line: OrderLine) -> Row:
    order = line.order
    assert line.product.code == line.stock_code.upper()
    return (
        order.number,
        line.stock_code,
        line.description,
        str(line.quantity),
        f"{line.invoiced_at:%Y-%m-%d %H:%M:%S}",
        repr(float(line.unit_price)),
        f"{order.customer.number}.0" if order.customer else "",
        order.country,
    )
