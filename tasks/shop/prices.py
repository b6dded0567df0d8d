"""shop.prices: bring each product's current price up to date."""

from collections import Counter
from datetime import timedelta

from apps.jobs import Context, Unique, job
from apps.shop import new_lines, prices


@job(
    "shop.prices",
    cron="* * * * *",
    timeout=timedelta(minutes=10),  # the first look at a large shop reads all of it
    unique=Unique(),
    expires=timedelta(minutes=1),  # then the next one does the same
)
def update_prices(ctx: Context) -> dict[str, int]:
    """Give each product the price of the latest order line that sold it.

    Reads the lines that came since the last look; without new ones it writes nothing. An older line that is
    imported late changes no price.
    """
    unread = new_lines.unread(prices.READER)
    found = Counter(new=0, changed=0, same=0)
    for part in unread.parts(prices.AT_ONCE):
        found.update(prices.update_prices(part))
        ctx.progress(part.upto - unread.after, unread.upto - unread.after, "order lines")
    return dict(found)
