"""Tables for what is derived from order lines: current prices, sums by day, and how far each was read."""

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Adds three tables; no table that is there changes."""

    dependencies: ClassVar = [("shop", "0002_order_lines_refer")]
    operations: ClassVar = [
        migrations.CreateModel(
            name="Bookmark",
            fields=[
                ("reader", models.TextField(primary_key=True, serialize=False)),
                ("line_id", models.BigIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name="DailySales",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                ("country", models.TextField()),
                ("orders", models.IntegerField()),
                ("lines", models.IntegerField()),
                ("units", models.BigIntegerField()),
                ("sold", models.DecimalField(decimal_places=4, max_digits=20)),
                ("returned", models.DecimalField(decimal_places=4, max_digits=20)),
                ("adjusted", models.DecimalField(decimal_places=4, max_digits=20)),
            ],
            options={
                "verbose_name_plural": "daily sales",
                "ordering": ["-day", "country"],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("day"), models.F("country"), name="daily_sales_once_per_day_and_country"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Price",
            fields=[
                (
                    "product",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="price",
                        serialize=False,
                        to="shop.product",
                    ),
                ),
                ("unit_price", models.DecimalField(decimal_places=4, max_digits=12)),
                ("invoiced_at", models.DateTimeField()),
            ],
            options={
                "ordering": ["product"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("unit_price__gt", 0)), name="price_is_above_zero"
                    )
                ],
            },
        ),
    ]
