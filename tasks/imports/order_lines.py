"""imports.order_lines: bring a file of order lines into the shop."""

from datetime import timedelta

from apps.jobs import Context, RetryPolicy, job
from apps.shop.order_lines.importer import OrderLineImporter
from apps.transfers.run import run_import


@job("imports.order_lines", queue="imports", retry=RetryPolicy(max_attempts=3), timeout=timedelta(hours=2))
def import_order_lines(ctx: Context, import_id: int) -> dict[str, object]:
    """Read an uploaded CSV file row by row and add its order lines to the shop.

    Rows that cannot be order lines are kept with their reasons; the others go in. Goes on where it stopped.
    """
    return run_import(ctx, import_id, OrderLineImporter())
