"""DailySales: what was sold on one day into one country."""

from typing import ClassVar

from django.db import models


class DailySales(models.Model):
    """Sums over the order lines of a day; written by ``analytics.nightly`` only.

    In pounds sterling: what was sold, less what was returned, plus what was adjusted, sums up all lines.
    """

    day = models.DateField()  # of the lines, in UTC as files write them
    country = models.TextField()
    orders = models.IntegerField()  # sales
    lines = models.IntegerField()  # of every kind
    units = models.BigIntegerField()  # sold; goods that came back and stock written off are not taken away
    sold = models.DecimalField(max_digits=20, decimal_places=4)
    returned = models.DecimalField(max_digits=20, decimal_places=4)  # by cancellations; above 0
    adjusted = models.DecimalField(max_digits=20, decimal_places=4)  # by the books: bad debt is below 0

    class Meta:
        ordering: ClassVar = ["-day", "country"]
        verbose_name_plural = "daily sales"
        constraints: ClassVar = [
            models.UniqueConstraint("day", "country", name="daily_sales_once_per_day_and_country")
        ]

    def __str__(self) -> str:
        """Name the day and the country."""
        return f"{self.day} {self.country}"
