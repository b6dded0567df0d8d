"""At least once: the effect happens again when its attempt is repeated."""

import time

from apps.jobs import Context, job
from apps.local.chaos import sink
from apps.local.chaos.kinds.patience import STUBBORN


@job("chaos.plain", retry=STUBBORN)
def plain(ctx: Context, ms: int = 0) -> None:
    """Take a while and do something outside the database."""
    sink.tell("begun", ctx.job_id, "plain")
    time.sleep(ms / 1000)
    sink.tell("done", ctx.job_id, "plain")
