"""Customer: somebody who buys under a number. Who buys without one is a guest and has no row."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q


class Customer(models.Model):
    """A buyer the shop knows by number."""

    number = models.IntegerField()
    country = models.TextField()  # of the latest order; an order keeps its own
    first_order_at = models.DateTimeField()
    last_order_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["number"], name="customer_number_is_unique"),
            models.CheckConstraint(condition=Q(number__gt=0), name="customer_number_is_positive"),
            models.CheckConstraint(
                condition=Q(first_order_at__lte=F("last_order_at")), name="customer_orders_first_before_last"
            ),
        ]

    def __str__(self) -> str:
        """Name the customer as invoices do."""
        return str(self.number)
