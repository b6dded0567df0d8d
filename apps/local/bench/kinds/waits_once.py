"""Wait to be killed, and end at once when started again."""

import time
from datetime import timedelta

from apps.jobs import Context, job


@job("bench.waits_once", timeout=timedelta(minutes=5))
def waits_once(ctx: Context) -> None:
    """Sleep in the first attempt, do nothing in the second."""
    if ctx.attempt == 1:
        time.sleep(240)
