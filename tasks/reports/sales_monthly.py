"""reports.sales_monthly: a CSV file of sales by month, product and country."""

from datetime import date, timedelta

from apps.jobs import Context, Unique, job
from apps.shop.monthly_sales import write_monthly_sales


@job(
    "reports.sales_monthly",
    queue="maintenance",
    cron="0 5 1 * *",
    timeout=timedelta(hours=1),
    unique=Unique(by=("since", "until")),
)
def sales_monthly(ctx: Context, since: date | None = None, until: date | None = None) -> dict[str, object]:
    """Write a CSV file of what was sold, returned and adjusted in each month, by product and country.

    Without dates it holds all months that are over. Its totals are the job's result.
    """
    with ctx.artifact("sales-by-month.csv") as file:
        totals = write_monthly_sales(file, since=since, until=until)
    ctx.log.info("%d rows of %d months, %s pounds net.", totals["rows"], totals["months"], totals["net"])
    return totals
