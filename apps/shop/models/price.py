"""Price: what a product costs now, as the latest line that sold it says.

Of lines of the same minute the lowest price counts: so it follows from the lines alone, and not from the
order in which they were imported.
"""

from typing import ClassVar

from django.db import models
from django.db.models import Q


class Price(models.Model):
    """A product's current price; written by ``shop.prices`` only."""

    product = models.OneToOneField("shop.Product", models.CASCADE, primary_key=True, related_name="price")
    unit_price = models.DecimalField(max_digits=12, decimal_places=4)  # pounds sterling
    invoiced_at = models.DateTimeField()  # of the line that says so: an older line says nothing any more

    class Meta:
        ordering: ClassVar = ["product"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(unit_price__gt=0), name="price_is_above_zero")
        ]

    def __str__(self) -> str:
        """Say the price."""
        return str(self.unit_price)
