"""Events of an imagined shop, and job types that listen to them."""

from datetime import date
from decimal import Decimal

from apps.events import Event
from apps.jobs import Unique, job


class OrderPlaced(Event, name="orders.placed"):
    """Somebody ordered."""

    order_id: int
    total: Decimal = Decimal(0)
    due: date | None = None
    api_token: str = ""


class OrderShipped(Event, name="orders.shipped"):
    """It is on its way; nobody listens."""

    order_id: int


@job("orders.thank", on=OrderPlaced, aliases=("orders.praise",))
def thank(order_id: int, total: Decimal, copies: int = 1) -> str:
    """Thank somebody for an order."""
    return f"{copies} thanks for {order_id}, {total}"


@job("orders.count", on=(OrderPlaced,), unique=Unique())
def count_orders() -> None:
    """Count orders, which takes no more than one job for however many."""
