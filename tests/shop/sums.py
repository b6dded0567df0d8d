"""What order lines sum up to, reckoned here from the rows of the file."""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

from apps.shop.models import Product
from tests.shop.lines import Row

Sums = dict[tuple[str, ...], tuple[Decimal, Decimal, Decimal]]


def prices(rows: Iterable[Row]) -> dict[str, Decimal]:
    """Return the price of the latest row that sold each product, the lowest of those of the same minute."""
    charges = set(Product.objects.filter(kind="charge").values_list("code", flat=True))
    latest: dict[str, tuple[str, Decimal]] = {}
    for row in rows:
        code, quantity, moment, price = row[1].strip().upper(), int(row[3]), row[4], Decimal(row[5])
        if quantity > 0 and price > 0 and code not in charges:
            latest[code] = max(latest.get(code, ("", -price)), (moment, -price))
    return {code: -price for code, (_, price) in latest.items()}


def by_day(rows: Iterable[Row]) -> Sums:
    """Return what was sold, returned and adjusted by day and country."""
    return _summed(((row[4][:10], row[7].strip()), row) for row in rows)


def by_month(rows: Iterable[Row]) -> Sums:
    """Return what was sold, returned and adjusted by month, product and country."""
    return _summed(((row[4][:7], row[1].strip().upper(), row[7].strip()), row) for row in rows)


def _summed(keyed: Iterable[tuple[tuple[str, ...], Row]]) -> Sums:
    sums: defaultdict[tuple[str, ...], list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 3)
    for key, row in keyed:
        amount = int(row[3]) * Decimal(row[5])
        column = {"C": 1, "A": 2}.get(row[0][0], 0)
        sums[key][column] += -amount if column == 1 else amount
    return {key: (sold, returned, adjusted) for key, (sold, returned, adjusted) in sums.items()}
