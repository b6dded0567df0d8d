"""analytics.nightly: sum up sales by day and country."""

from datetime import timedelta

from apps.jobs import Context, RetryPolicy, Unique, job
from apps.shop import daily_sales


@job(
    "analytics.nightly",
    queue="maintenance",
    cron="0 0 * * *",
    retry=RetryPolicy(max_attempts=5, first=timedelta(minutes=1)),
    timeout=timedelta(hours=2),
    unique=Unique(),
)
def nightly(ctx: Context) -> dict[str, object]:
    """Sum up the sales of every day of which order lines came since last night, by country.

    A past day of which lines are imported later is summed up again. Goes on behind the last day after a kill.
    """
    return daily_sales.sum_up(ctx)
