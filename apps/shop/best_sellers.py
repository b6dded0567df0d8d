"""Best sellers: what was sold most in the last week of which there are sales."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.db.models import Max, Sum

from apps.shop.models import Order, OrderLine
from apps.shop.models.order import OrderKind
from apps.shop.models.product import ProductKind


@dataclass(frozen=True, slots=True)
class Sold:
    """A product and how many of it were sold."""

    code: str
    name: str
    units: int


@dataclass(frozen=True, slots=True)
class Week:
    """The best sellers of some days, the most sold first."""

    since: date
    until: date  # the last day
    products: list[Sold]


def best_sellers(*, days: int = 7, most: int = 10) -> Week | None:
    """Return what was sold most in the days up to the latest sale; None before the first one."""
    latest = Order.objects.filter(kind=OrderKind.SALE).aggregate(at=Max("ordered_at"))["at"]
    if latest is None:
        return None
    until = latest.astimezone(UTC).date()
    since = until - timedelta(days=days - 1)
    lines = OrderLine.objects.filter(
        invoiced_at__gte=_start_of(since),
        invoiced_at__lt=_start_of(until + timedelta(days=1)),
        order__kind=OrderKind.SALE,
        product__kind=ProductKind.PRODUCT,
        unit_price__gt=0,  # what costs nothing was given away or written off
    )
    sums = lines.order_by().values_list("product__code", "product__name").annotate(units=Sum("quantity"))
    return Week(since, until, [Sold(*row) for row in sums.order_by("-units", "product__code")[:most]])


def _start_of(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)
