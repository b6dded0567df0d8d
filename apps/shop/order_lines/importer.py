"""OrderLineImporter: all that an import of order lines needs to know about the shop."""

from collections.abc import Iterable, Sequence

from apps.shop.models import Customer, MatchedLine, Order, OrderLine, Product
from apps.shop.models.order import OrderKind
from apps.shop.models.product import ProductKind
from apps.shop.order_lines.check import check
from apps.shop.order_lines.columns import COLUMNS
from apps.shop.order_lines.fault import Fault
from apps.shop.order_lines.merge import Merged, merge


class OrderLineImporter:
    """Reads order lines and brings them in."""

    title = ("order line", "order lines")
    columns = COLUMNS
    one_line = True

    def check(self, rows: Iterable[tuple[int, Sequence[str]]]) -> tuple[list[str], list[Fault]]:
        """Sort rows into lines for ``merge`` and faults."""
        return check(rows)

    def merge(self, import_id: int, staged: list[str]) -> Merged:
        """Write a chunk inside the caller's transaction."""
        return merge(import_id, staged)

    def finish(self, import_id: int) -> None:
        """Forget which old lines the import's rows were matched to."""
        MatchedLine.objects.filter(import_id=import_id).delete()

    def totals(self) -> dict[str, int]:
        """Count what the shop has now."""
        products = Product.objects.filter(kind=ProductKind.PRODUCT).count()
        cancellations = Order.objects.filter(kind=OrderKind.CANCELLATION)
        return {
            "order_lines": OrderLine.objects.count(),
            "customers": Customer.objects.count(),
            "products": products,
            "other_stock_codes": Product.objects.count() - products,
            "orders": Order.objects.count(),
            "cancellations": cancellations.count(),
            "cancelled_lines": OrderLine.objects.filter(order__in=cancellations).count(),
        }
