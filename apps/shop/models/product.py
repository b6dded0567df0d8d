"""Product: what a stock code stands for. Not everything with a stock code is goods."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper


class ProductKind(models.TextChoices):
    """What a stock code can stand for."""

    PRODUCT = "product", "Product"  # five digits and perhaps letters: 85123A
    VOUCHER = "voucher", "Gift voucher"  # gift_0001_20
    CHARGE = "charge", "Charge"  # postage, carriage, fees, discounts, manual entries, bad debt
    OTHER = "other", "Other"  # any other code: goods and samples outside the catalogue


class Product(models.Model):
    """Something an order line can be about."""

    code = models.TextField()  # in capitals: 85123a and 85123A are one product
    kind = models.TextField(choices=ProductKind.choices)
    name = models.TextField(blank=True)
    named_at = models.DateTimeField(
        null=True
    )  # of the latest priced line that named it; empty: named by none

    class Meta:
        ordering: ClassVar = ["code"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["code"], name="product_code_is_unique"),
            models.CheckConstraint(
                condition=Q(code=Upper(F("code"))) & ~Q(code=""), name="product_code_is_in_capitals"
            ),
            models.CheckConstraint(condition=Q(kind__in=ProductKind.values), name="product_kind_is_known"),
        ]

    def __str__(self) -> str:
        """Name the product by its code and what it is called."""
        return f"{self.code} {self.name}".rstrip()
