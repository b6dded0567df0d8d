"""Order: one invoice, its cancellation, or an adjustment of the books; the number says which."""

from typing import ClassVar

from django.db import models
from django.db.models import Q


class OrderKind(models.TextChoices):
    """What an invoice number stands for."""

    SALE = "sale", "Sale"  # digits; a line with a negative quantity, always at price 0, writes off stock
    CANCELLATION = "cancellation", "Cancellation"  # C and digits: goods that come back, quantities negative
    ADJUSTMENT = "adjustment", "Adjustment"  # A and digits: bookkeeping, the only kind with negative prices


class Order(models.Model):
    """An invoice: one customer or guest, one country, one or more lines."""

    number = models.TextField()
    kind = models.TextField(choices=OrderKind.choices)
    customer = models.ForeignKey(
        "shop.Customer", models.PROTECT, null=True, blank=True, related_name="orders"
    )
    country = models.TextField()
    ordered_at = models.DateTimeField()  # of its earliest line; entering a long order takes minutes

    class Meta:
        ordering: ClassVar = ["-ordered_at", "-id"]
        indexes: ClassVar = [models.Index("ordered_at", name="order_by_time")]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["number"], name="order_number_is_unique"),
            models.CheckConstraint(
                condition=Q(kind=OrderKind.SALE, number__regex=r"^[0-9]+$")
                | Q(kind=OrderKind.CANCELLATION, number__regex=r"^C[0-9]+$")
                | Q(kind=OrderKind.ADJUSTMENT, number__regex=r"^A[0-9]+$"),
                name="order_number_says_its_kind",
            ),
        ]

    def __str__(self) -> str:
        """Name the order by its number."""
        return self.number
