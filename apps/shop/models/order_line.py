"""OrderLine: one line of an invoice, kept exactly as it was written.

A line has no number of its own: it is known by what it says. ``fingerprint``
sums that up, and ``copy`` counts the lines of an order that say the same. Lines
are added, never changed: a mistake on an invoice is mended by a cancellation.
"""

from typing import ClassVar

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Func, Q


class OrderLine(models.Model):
    """So many of something, at a price."""

    # References are checked by the database once a statement, not once a row: see migration 0002.
    order = models.ForeignKey(
        "shop.Order", models.PROTECT, related_name="lines", db_constraint=False, db_index=False
    )
    product = models.ForeignKey("shop.Product", models.PROTECT, related_name="lines", db_constraint=False)
    import_id = models.BigIntegerField(null=True, blank=True)  # the import that brought it
    invoiced_at = models.DateTimeField()
    fingerprint = models.GeneratedField(
        expression=Func(
            F("stock_code"),
            F("description"),
            F("quantity"),
            F("unit_price"),
            F("invoiced_at"),
            function="shop_line_fingerprint",
        ),
        output_field=models.BigIntegerField(),
        db_persist=True,
    )
    quantity = models.IntegerField()
    copy = models.IntegerField(default=1)  # 1, 2, ... among the lines of one order that say the same
    unit_price = models.DecimalField(max_digits=12, decimal_places=4)  # pounds sterling
    stock_code = models.TextField()  # as written; the product's code is in capitals
    description = models.TextField(blank=True)  # as written; the product has one name, lines have many

    class Meta:
        ordering: ClassVar = ["id"]
        indexes: ClassVar = [
            # Finds the lines of a day: they come about in the order of time, and an entry for so many pages
            # costs an import next to nothing.
            BrinIndex(
                fields=["invoiced_at"], name="order_line_by_time", autosummarize=True, pages_per_range=32
            )
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["order", "fingerprint", "copy"], name="order_line_is_unique"),
            models.CheckConstraint(condition=~Q(quantity=0), name="order_line_quantity_is_not_zero"),
            models.CheckConstraint(condition=Q(copy__gte=1), name="order_line_copies_count_from_one"),
        ]

    def __str__(self) -> str:
        """Say the line as an invoice does."""
        return f"{self.quantity} x {self.stock_code} at {self.unit_price}"
