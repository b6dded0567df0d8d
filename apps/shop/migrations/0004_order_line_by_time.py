"""An index that finds the lines of a day, made beside running imports."""

from typing import ClassVar

from django.contrib.postgres.indexes import BrinIndex
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations


class Migration(migrations.Migration):
    """Adds the index; what a try that died left behind is dropped first."""

    atomic = False
    dependencies: ClassVar = [("shop", "0003_prices_and_daily_sales")]
    operations: ClassVar = [
        # An index that is invalid would keep its name for ever.
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS order_line_by_time", migrations.RunSQL.noop),
        AddIndexConcurrently(
            model_name="orderline",
            index=BrinIndex(
                autosummarize=True, fields=["invoiced_at"], name="order_line_by_time", pages_per_range=32
            ),
        ),
    ]
