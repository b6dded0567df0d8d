"""Exactly once: the effect is a row in the same database, committed with the completion."""

import time

from django.db import connection

from apps.jobs import Context, job
from apps.local.chaos import sink
from apps.local.chaos.kinds.patience import STUBBORN


@job("chaos.atomic", retry=STUBBORN, atomic=True)
def atomic(ctx: Context, ms: int = 0) -> None:
    """Write rows and take a while."""
    sink.tell("begun", ctx.job_id, "atomic")
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO chaos_effect (job) VALUES (%s)", [ctx.job_id])
    time.sleep(ms / 1000)
    sink.tell("done", ctx.job_id, "atomic")
