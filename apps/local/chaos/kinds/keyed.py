"""Once, outside the database: the effect ledger remembers that it was done, or that nobody knows."""

import time
from functools import partial

from apps.jobs import Context, job
from apps.local.chaos import sink
from apps.local.chaos.kinds.patience import STUBBORN


@job("chaos.keyed", retry=STUBBORN)
def keyed(ctx: Context, ms: int = 0) -> None:
    """Ask the other side for something, and take a while, half of it while the answer is under way."""
    sink.tell("begun", ctx.job_id, "keyed")
    ctx.effect(str(ctx.job_id), partial(_charge, ctx.job_id, ms))
    time.sleep(ms / 2000)
    sink.tell("done", ctx.job_id, "keyed")


def _charge(job: object, ms: int) -> None:
    sink.tell("charged", job, "keyed")
    time.sleep(ms / 2000)
