"""Once, outside the database: the other side knows the key of the effect and refuses it a second time."""

import time

from apps.jobs import Context, job
from apps.local.chaos import sink
from apps.local.chaos.kinds.patience import STUBBORN


@job("chaos.keyed", retry=STUBBORN)
def keyed(ctx: Context, ms: int = 0) -> None:
    """Ask the other side for something, with the job's id as the key."""
    sink.tell("begun", ctx.job_id, "keyed")
    if sink.once(ctx.job_id):
        sink.tell("charged", ctx.job_id, "keyed")
    time.sleep(ms / 1000)
    sink.tell("done", ctx.job_id, "keyed")
